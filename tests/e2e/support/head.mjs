/** Signs heads and checkpoints as a server does, by code of its own (npm @noble/curves), and serves made-up histories. */
import { createHash } from 'node:crypto';
import { schnorr } from '@noble/curves/secp256k1.js';
import { npubEncode } from 'nostr-tools/nip19';

const hex = (bytes) => Buffer.from(bytes).toString('hex');
const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();

function number(value) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

/** A key that signs like a server's. */
export function makeNotary(name) {
  const secret = sha256(name);
  const pubkey = hex(schnorr.getPublicKey(secret));
  const sign = (tag, message) => {
    const hashed = sha256(tag);
    return hex(schnorr.sign(sha256(hashed, hashed, message), secret, new Uint8Array(32)));
  };
  return {
    pubkey,
    npub: npubEncode(pubkey),
    head({ id, seq, head }) {
      const message = Buffer.concat([number(id), number(seq), Buffer.from(head, 'hex')]);
      return { pool_id: id, seq, head, signature: sign('postfun/pool-head/v1', message), pubkey };
    },
    checkpoint: (bytes) => sign('postfun/pool-checkpoint/v1', bytes),
  };
}

/** The checkpoint behind an event of a history of `makeHistory`, in which every event but the first is a swap. */
export function checkpointOf({ records, states }, seq) {
  const created = records[0].subarray(2, -32);
  const last = records[seq - 1].subarray(2);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(created.length);
  const state = states[seq];
  const amounts = ['reserve', 'cumulative_volume', 'fee_accum'].flatMap((name) =>
    ['a', 'b'].map((token) => number(state[`${name}_${token}_units`])),
  );
  const time = last.subarray(10, 18);
  const head = Buffer.from(state.head, 'hex');
  return Buffer.concat([
    Uint8Array.of(1),
    length,
    created,
    number(seq),
    time,
    number(seq - 1),
    head,
    ...amounts,
  ]);
}

/**
 * Gives the page a history, its pool, its heads and its checkpoint instead of the server's.
 *
 * @param {import('playwright-core').Page} page
 * @param {{ records: Buffer[], states: object[] }} history of `makeHistory`
 * @param {{ checkpoint?: { seq: number, bytes: Buffer } }} [options] without it there is none
 */
export async function serveHistory(page, history, notary, { checkpoint } = {}) {
  const { records, states } = history;
  const queryOf = (route) => new URL(route.request().url()).searchParams;
  await page.route('**/stream*', (route) => route.abort());
  await page.route('**/api/amm/pools', (route) =>
    route.fulfill({ json: { items: [states.at(-1)], next_after_id: null } }),
  );
  await page.route('**/api/amm/pools/1', (route) => route.fulfill({ json: states.at(-1) }));
  await page.route('**/history?*', (route) => {
    const query = queryOf(route);
    const from = Number(query.get('after_seq'));
    const body = Buffer.concat(records.slice(from, from + Number(query.get('limit'))));
    return route.fulfill({ body, contentType: 'application/octet-stream' });
  });
  await page.route(/\/head(\?|$)/, (route) => {
    const seq = Number(queryOf(route).get('seq') ?? records.length);
    return route.fulfill({ json: notary.head({ id: 1, seq, head: states[seq].head }) });
  });
  await page.route('**/checkpoints*', (route) => {
    const items =
      checkpoint === undefined
        ? []
        : [
            {
              seq: checkpoint.seq,
              checkpoint: hex(checkpoint.bytes),
              signature: notary.checkpoint(checkpoint.bytes),
            },
          ];
    return route.fulfill({ json: { items, pubkey: notary.pubkey, next_before_seq: null } });
  });
  await nameKey(page, notary);
}

/** Lets the server name another key as its own. */
export async function nameKey(page, { pubkey, npub }) {
  await page.route('**/api/config', async (route) => {
    const response = await route.fetch();
    const config = await response.json();
    await route.fulfill({ response, json: { ...config, head_key: { pubkey, npub } } });
  });
}
