/**
 * Stands in for Privy's servers on a loopback port: Privy itself cannot be reached from the tests.
 *
 * It answers what Privy's own library asks for when somebody signs in by e-mail (app, code, proof, analytics), with the
 * paths, the error shape and the ES256 tokens of Privy; who it is for real is not shown here.
 */
import { generateKeyPairSync, randomInt, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

export const APP_ID = 'cmtestapp000000000000000';

export async function startPrivy() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const codes = new Map();
  const users = new Map();
  const heard = [];
  let refusal = null;

  const token = (claims) => {
    const now = Math.floor(Date.now() / 1000);
    const whole = { iss: 'privy.io', aud: APP_ID, iat: now, exp: now + 3600, ...claims };
    const text = [{ alg: 'ES256', typ: 'JWT' }, whole].map(base64url).join('.');
    const signature = sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    return `${text}.${signature.toString('base64url')}`;
  };

  const routes = {
    [`GET /api/v1/apps/${APP_ID}`]: () => ({
      id: APP_ID,
      name: 'Tests',
      email_auth: true,
      captcha_enabled: false,
    }),
    'POST /api/v1/analytics_events': () => ({ success: true }),
    'POST /api/v1/passwordless/init': ({ email }) => {
      codes.set(email, String(randomInt(1_000_000)).padStart(6, '0'));
      return { success: true };
    },
    'POST /api/v1/passwordless/authenticate': ({ email, code }) => {
      if (codes.get(email) !== code)
        throw new Refusal(401, 'invalid_credentials', 'Invalid email and code combination');
      codes.delete(email);
      const isNew = !users.has(email);
      if (isNew) users.set(email, `did:privy:cm${randomUUID().replaceAll('-', '')}`);
      const id = users.get(email);
      const accounts = [{ type: 'email', address: email, verified_at: 1 }];
      return {
        user: { id, created_at: 1, linked_accounts: accounts, mfa_methods: [], has_accepted_terms: true },
        token: token({ sub: id, sid: randomUUID() }),
        privy_access_token: null,
        identity_token: token({ sub: id, linked_accounts: JSON.stringify(accounts) }),
        refresh_token: randomUUID(),
        session_update_action: 'set',
        is_new_user: isNew,
      };
    },
  };

  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { origin = '*', 'access-control-request-headers': headers = '' } = request.headers;
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-allow-credentials', 'true');
    if (request.method === 'OPTIONS') {
      response.setHeader('access-control-allow-headers', headers);
      response.setHeader('access-control-allow-methods', 'GET, POST');
      return response.writeHead(204).end();
    }
    const [status, body] = answer(request, Buffer.concat(chunks).toString());
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });

  function answer({ method, url, headers }, text) {
    const route = `${method} ${url}`;
    heard.push({ route, appId: headers['privy-app-id'], body: text });
    try {
      if (routes[route] === undefined) throw new Refusal(404, 'not_found', `no ${route}`);
      if (headers['privy-app-id'] !== APP_ID)
        throw new Refusal(400, 'missing_or_invalid_privy_app_id', 'Invalid Privy app ID');
      if (refusal !== null && route.includes('passwordless')) throw refusal;
      return [200, routes[route](text === '' ? {} : JSON.parse(text))];
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return [error.status, { error: error.message, code: error.code }];
    }
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${server.address().port}`;
  return {
    url,
    heard,
    /** The settings of a server whose users sign in here. */
    settings: {
      PRIVY_APP_ID: APP_ID,
      PRIVY_VERIFICATION_KEY: publicKey.export({ type: 'spki', format: 'pem' }),
      POSTFUN_PRIVY_API_URL: url,
      POSTFUN_PRIVY_AUTH_URL: url,
      POSTFUN_DEMO: 'on',
    },
    /** The code that was sent to an address last. */
    codeFor: (email) => codes.get(email),
    /** Answers every request about codes with a refusal from now on; with null as before. */
    refuse: (status, code, message = 'refused by the test') => {
      refusal = status === null ? null : new Refusal(status, code, message);
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const base64url = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
