// Signs in to a Postfun server from a terminal and prints the token, for use with curl:
//
//   export JWT=$(node scripts/sign-in.mjs)          # at http://localhost:8000
//   node scripts/sign-in.mjs https://postfun.example
//   node scripts/sign-in.mjs --npub                 # only prints who one is
//
// The key is made at the first call and kept in data/sign-in.key, or in the file that SIGN_IN_KEY names. It stays here:
// only the signed challenge is sent. Needs the npm package: make wasm.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

import { buildLoginEvent, generateSecretKey, init, npubEncode, publicKey, signEvent } from '../wasm/pkg/index.js';

const keyFile = process.env.SIGN_IN_KEY ?? 'data/sign-in.key';

function loadKey() {
  if (!existsSync(keyFile)) {
    mkdirSync(dirname(keyFile), { recursive: true });
    writeFileSync(keyFile, `${Buffer.from(generateSecretKey()).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
    console.error(`sign-in: made a new key in ${keyFile}`);
  }
  return new Uint8Array(Buffer.from(readFileSync(keyFile, 'utf8').trim(), 'hex'));
}

async function post(url, body) {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${answer.code}: ${answer.message}`);
  return answer;
}

async function signIn(server, secret) {
  const pubkey = publicKey(secret);
  const challenge = await post(new URL('/auth/challenge', server), { pubkey });
  const event = buildLoginEvent({
    pubkey,
    challengeId: challenge.challenge_id,
    challenge: challenge.challenge,
    domain: challenge.domain,
    nowSeconds: Math.floor(Date.now() / 1000),
    expiresInSeconds: 300,
  });
  const { token } = await post(new URL('/auth/verify', server), { event: signEvent(event, secret) });
  return token;
}

await init();
const [argument = 'http://localhost:8000'] = process.argv.slice(2);
try {
  const secret = loadKey();
  console.log(argument === '--npub' ? npubEncode(publicKey(secret)) : await signIn(argument, secret));
} catch (error) {
  console.error(`sign-in: ${error.message}${error.cause ? ` (${error.cause.message ?? error.cause.code})` : ''}`);
  process.exitCode = 1;
}
