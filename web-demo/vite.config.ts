import { defineConfig } from 'vite';

// The server's address while the page is developed with `npm run dev`.
const server = 'http://127.0.0.1:8000';

export default defineConfig({
  build: {
    target: 'es2022',
    // The server's content security policy knows no data: addresses, so nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: 'licences.txt' },
  },
  worker: { format: 'es' },
  server: {
    host: '127.0.0.1',
    // The npm package stands beside this folder.
    fs: { allow: ['..'] },
    proxy: { '/api': server, '/auth': server, '/health': server, '/apidoc': server },
  },
});
