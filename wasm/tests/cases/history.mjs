// Writes a pool's history as the server does (core/src/amm/event.rs, chain.rs), by other code than the one that reads it.

const DOMAIN = new TextEncoder().encode('postfun/pool-event');
const CREATED = 1;
const SWAPPED = 2;
const COLLECTED = 3;

export const TOKENS = {
  a: { id: 1n, symbol: 'gBTC', decimals: 8 },
  b: { id: 2n, symbol: 'gUSD', decimals: 6 },
  burn: { id: 4n, symbol: 'PFUN', decimals: 6 },
};

/** Big-endian bytes, written one after another. */
class Bytes {
  #view = new DataView(new ArrayBuffer(512));
  #length = 0;

  byte(value) {
    this.#view.setUint8(this.#length++, value);
  }

  short(value) {
    this.#view.setUint16(this.#length, value);
    this.#length += 2;
  }

  number(value) {
    this.#view.setBigUint64(this.#length, BigInt(value));
    this.#length += 8;
  }

  optional(value, write) {
    this.byte(value === null ? 0 : 1);
    if (value !== null) write(value);
  }

  token({ id, symbol, decimals }) {
    this.number(id);
    this.byte(decimals);
    this.byte(symbol.length);
    for (const character of symbol) this.byte(character.charCodeAt(0));
  }

  done() {
    return new Uint8Array(this.#view.buffer, 0, this.#length);
  }
}

function common(type, { seq, timeMs }) {
  const bytes = new Bytes();
  bytes.byte(type);
  bytes.byte(1);
  bytes.number(seq);
  bytes.number(timeMs);
  return bytes;
}

export function created({ poolId = 1n, burnToken = TOKENS.burn, ...event }) {
  const bytes = common(CREATED, event);
  const { reserveA, reserveB, feeBpsBase, thresholds, burns } = event.pool;
  bytes.number(poolId);
  bytes.token(TOKENS.a);
  bytes.token(TOKENS.b);
  bytes.optional(burnToken, (token) => bytes.token(token));
  bytes.number(reserveA);
  bytes.number(reserveB);
  bytes.short(feeBpsBase);
  for (const amount of [...thresholds, ...burns]) bytes.optional(amount, (value) => bytes.number(value));
  return bytes.done();
}

export function swapped({ side, amountIn, fee, amountOut, stageAfter, ...event }) {
  const bytes = common(SWAPPED, event);
  bytes.byte(side === 'AtoB' ? 0 : 1);
  bytes.number(amountIn);
  bytes.number(fee);
  bytes.number(amountOut);
  bytes.byte(stageAfter);
  return bytes.done();
}

export function collected({ amountA, amountB, ...event }) {
  const bytes = common(COLLECTED, event);
  bytes.number(amountA);
  bytes.number(amountB);
  return bytes.done();
}

function joined(parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * Chains events into a log.
 *
 * @param sha256 a function from bytes to their hash, or to a promise of it
 * @returns the log and its head
 */
export async function logOf(events, sha256) {
  let head = new Uint8Array(32);
  const parts = [];
  for (const event of events) {
    head = await sha256(joined([DOMAIN, head, event]));
    parts.push(Uint8Array.of(event.length >> 8, event.length & 0xff), event, head);
  }
  return { log: joined(parts), head };
}

export async function webSha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

/** A pool with a short life: every kind of event, all stages, burns on the way. */
export function life(postfun) {
  const pool = {
    reserveA: 100_000_000_000n,
    reserveB: 65_000_000_000_000n,
    feeBpsBase: 30,
    stage: 1,
    thresholds: [100_000_000_000n, 200_000_000_000n, 500_000_000_000n],
    burns: [100_000_000n, 80_000_000n, 60_000_000n, 40_000_000n],
  };
  const live = new postfun.Pool(pool);
  const fields = [{ type: created, pool }];
  let burned = 0n;
  for (let index = 0; index < 60; index += 1) {
    const side = index % 3 === 2 ? 'BtoA' : 'AtoB';
    const { quote, stageAfter, burns } = live.swap(
      side,
      BigInt(index + 1) * (side === 'AtoB' ? 1_000_000_000n : 900_000_000_000n),
    );
    fields.push({ type: swapped, ...quote, stageAfter });
    burned += burns.reduce((sum, burn) => sum + burn.amount, 0n);
  }
  const end = live.state();
  fields.push({ type: collected, amountA: end.feesA, amountB: 7n });
  live.free();
  const events = fields.map((event, index) => ({
    seq: index + 1,
    timeMs: 1_763_690_000_000 + index,
    ...event,
  }));
  return { events, burned, end: { ...end, feesA: 0n, feesB: end.feesB - 7n } };
}

export const encoded = (events) => events.map(({ type, ...event }) => type(event));
