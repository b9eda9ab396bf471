// Verifying events, against nostr-tools (JavaScript) and nostr-wasm (libsecp256k1, C compiled to WebAssembly).
import assert from 'node:assert/strict';

import { verifyEvent as verifyWithNostrTools } from 'nostr-tools/pure';
import { initNostrWasm } from 'nostr-wasm';

import * as postfun from '../pkg/index.js';
import { race } from './clock.mjs';

const EVENTS = 200;

/** Below this ratio the flag in .cargo/config.toml was lost, not a percent or two. */
const GUARD = 1.4;

function signedEvents() {
  return Array.from({ length: EVENTS }, (_, index) => {
    const secret = postfun.generateSecretKey();
    const pubkey = postfun.publicKey(secret);
    const tags = [['challenge', `q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ${index}`]];
    return postfun.signEvent(
      { pubkey, created_at: 1_763_690_000 + index, kind: 22242, tags, content: 'hello' },
      secret,
    );
  });
}

export async function signatures() {
  const nostrWasm = await initNostrWasm();
  const events = signedEvents();
  // nostr-tools remembers in the event that it was verified; every round gets events that nobody has seen.
  const prepare = () => events.map((event) => ({ ...event }));
  const damaged = { ...events[0], content: 'hallo' };
  assert.ok(events.every((event) => postfun.verifyEvent(event) && verifyWithNostrTools({ ...event })));
  assert.ok(!postfun.verifyEvent(damaged) && !verifyWithNostrTools({ ...damaged }));
  assert.throws(() => nostrWasm.verifyEvent({ ...damaged }));
  const times = race({
    postfun: { prepare, run: (index, given) => postfun.verifyEvent(given[index]), count: EVENTS },
    'nostr-wasm': { prepare, run: (index, given) => nostrWasm.verifyEvent(given[index]), count: EVENTS },
    'nostr-tools': { prepare, run: (index, given) => verifyWithNostrTools(given[index]), count: EVENTS / 10 },
  });
  return [
    { name: 'verifyEvent, against nostr-wasm', peer: 'nostr-wasm', target: 1.8, guard: GUARD },
    { name: 'verifyEvent, against nostr-tools', peer: 'nostr-tools', target: 8 },
  ].map((row) => ({
    ...row,
    unit: 'times',
    value: times[row.peer] / times.postfun,
    us: times.postfun,
    us_peer: times[row.peer],
  }));
}
