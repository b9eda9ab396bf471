/** Stands before LNbits and, when told to, keeps its answers about outgoing payments to itself: a provider that hangs up. */
import { once } from 'node:events';
import { createServer } from 'node:http';

export async function startHush(target) {
  let isSilent = false;
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const isOrder = request.method === 'POST' && /"out":\s*true/.test(body.toString());
    const isQuestion = request.method === 'GET' && request.url.startsWith('/api/v1/payments/');
    const { host: _own, 'content-length': _length, connection: _kept, ...headers } = request.headers;
    const init = { method: request.method, headers, ...(body.length === 0 ? {} : { body }) };
    const answer = await fetch(target + request.url, init).catch(() => null);
    // What LNbits was told, it has done; only its answer is lost.
    if (answer === null || (isSilent && (isOrder || (isQuestion && !request.url.includes('fee-reserve')))))
      return request.socket.destroy();
    const type = answer.headers.get('content-type') ?? 'application/json';
    const text = Buffer.from(await answer.arrayBuffer());
    response.writeHead(answer.status, { 'content-type': type }).end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    hush: () => {
      isSilent = true;
    },
    speak: () => {
      isSilent = false;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
