/** The real server on free ports, with an empty data directory that is removed at the end. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const binary = process.env.POSTFUN_BIN ?? join(root, 'target/debug/postfun');
const webDir = process.env.POSTFUN_WEB_DIR ?? join(root, 'web-demo/dist');

const START_MS = 20_000;

/** Starts a server, with these settings besides its own, and resolves once it is ready. */
export async function startServer(settings = {}) {
  demand(binary, 'build it with `cargo build -p postfun-server`, or name another in POSTFUN_BIN');
  demand(join(webDir, 'index.html'), 'build it with `npm run build` in web-demo');
  const dataDir = await mkdtemp(join(tmpdir(), 'postfun-e2e-'));
  const [port, metricsPort] = await freePorts(2);
  const log = [];
  const child = spawn(binary, [], {
    env: {
      ...withoutConfiguration(process.env),
      POSTFUN_LISTEN: `127.0.0.1:${port}`,
      POSTFUN_METRICS_LISTEN: `127.0.0.1:${metricsPort}`,
      POSTFUN_DATA_DIR: dataDir,
      POSTFUN_WEB_DIR: webDir,
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => log.push(chunk));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const url = `http://127.0.0.1:${port}`;
  const server = {
    url,
    log: () => Buffer.concat(log).toString(),
    async stop() {
      child.kill('SIGTERM');
      await ended;
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  await ready(server, ended);
  return server;
}

function demand(path, remedy) {
  if (!existsSync(path)) throw new Error(`${path} is missing: ${remedy}`);
}

/** Settings of the developer's shell must not reach the server under test. */
function withoutConfiguration(env) {
  const foreign =
    /^(POSTFUN_|P2S_|LNBITS_|MARIADB_|JWT_|AUTH_)|^(DATABASE_URL|PORT|NODE_ENV|SECRET_KEY|LOGIN_DOMAIN|CORS_ORIGINS)$/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !foreign.test(name)));
}

export async function freePorts(count) {
  const listeners = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise((resolve, reject) => {
          const listener = createServer().once('error', reject);
          listener.listen(0, '127.0.0.1', () => resolve(listener));
        }),
    ),
  );
  const ports = listeners.map((listener) => listener.address().port);
  await Promise.all(listeners.map((listener) => new Promise((resolve) => listener.close(resolve))));
  return ports;
}

async function ready(server, ended) {
  const deadline = Date.now() + START_MS;
  let exited = false;
  void ended.then(() => {
    exited = true;
  });
  while (Date.now() < deadline && !exited) {
    const answer = await fetch(`${server.url}/health`).catch(() => null);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`the server did not become ready:\n${server.log()}`);
}
