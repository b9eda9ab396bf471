// Compiled, never run: what a caller may write, and (each marked) what the compiler has to refuse.
import {
  buildLoginEvent,
  checkEvent,
  checkLoginEvent,
  CoreError,
  type ErrorCode,
  eventId,
  feeBpsText,
  formatAmount,
  generateSecretKey,
  init,
  maxAmountIn,
  minAmountOut,
  type NostrEvent,
  npubDecode,
  npubEncode,
  parseAmount,
  Pool,
  type PoolInput,
  type PoolSnapshot,
  priceText,
  publicKey,
  type Quote,
  Replay,
  replayLog,
  type ReplaySummary,
  type Side,
  type SignedHead,
  signEvent,
  type SwapResult,
  type UnsignedEvent,
  verifyCheckpoint,
  verifyEvent,
  verifyHead,
  version,
} from 'postfun';

declare const bytes: Uint8Array;

export async function start(): Promise<string> {
  await init();
  await init(bytes);
  await init(bytes.buffer as ArrayBuffer);
  await init(new URL('https://example.org/postfun_bg.wasm'));
  await init(await fetch('/postfun_bg.wasm'));
  // @ts-expect-error a path is no URL
  await init('/postfun_bg.wasm');
  return `${version().version} ${version().commit}`;
}

export function trade(side: Side): bigint {
  const input: PoolInput = { reserveA: 1000n, reserveB: 1000n, feeBpsBase: 30, stage: 1 };
  const pool = new Pool({ ...input, thresholds: [1n, null, 3n], burns: [1n, 2n, null, null] });
  const quote: Quote = pool.quoteExactIn(side, 10n);
  const exact: Quote = pool.quoteExactOut('BtoA', quote.amountOut);
  const swap: SwapResult = pool.swap('AtoB', exact.amountIn);
  const snapshot: PoolSnapshot = pool.state();
  const restored = new Pool(snapshot);
  // @ts-expect-error amounts are bigints
  pool.quoteExactIn('AtoB', 10);
  // @ts-expect-error there are two sides
  pool.quoteExactIn('atob', 10n);
  // @ts-expect-error a stage is a number
  new Pool({ ...input, stage: 1n });
  // @ts-expect-error a reserve is missing
  new Pool({ reserveA: 1n, feeBpsBase: 30, stage: 1 });
  // @ts-expect-error there are three thresholds
  new Pool({ ...input, thresholds: [1n, 2n] });
  // @ts-expect-error a pool is made with new
  Pool(input);
  restored.free();
  const burned = swap.burns.reduce((sum, burn) => sum + burn.amount, 0n);
  const stage: number = swap.stageAfter;
  return burned + BigInt(stage) + (snapshot.thresholds[0] ?? 0n) + minAmountOut(1n, 50) + maxAmountIn(1n, 50);
}

export function texts(): string[] {
  // @ts-expect-error an amount is read from text, never from a number
  parseAmount(1.5, 8);
  // @ts-expect-error an amount is a bigint
  formatAmount(1, 8);
  return [
    formatAmount(parseAmount('1.5', 8), 8),
    feeBpsText(30, 3),
    priceText(1n, 6, 1n, 8),
    priceText(1n, 6, 1n, 8, 4),
  ];
}

export function replay(): [bigint, string, number] {
  const summary: ReplaySummary = replayLog(bytes);
  const pool = new Pool(summary.pool);
  return [pool.state().reserveA + summary.tokenA.id, summary.burnToken?.symbol ?? summary.head, summary.seq];
}

export function suffix(head: SignedHead): [Uint8Array, number, boolean] {
  const replay = new Replay(bytes);
  replay.push(bytes);
  const whole: Uint8Array = new Replay().checkpoint();
  const good: boolean = verifyHead(head) && verifyCheckpoint(whole, head.pubkey, head.signature);
  return [replay.checkpoint(), replay.summary().seq, good];
}

export function signIn(): NostrEvent {
  const secret: Uint8Array = generateSecretKey();
  const pubkey: string = publicKey(secret);
  const request = {
    pubkey,
    challengeId: 'c',
    challenge: 'x',
    domain: 'postfun',
    nowSeconds: 1,
    expiresInSeconds: 60,
  };
  const unsigned: UnsignedEvent = buildLoginEvent(request);
  buildLoginEvent({ ...request, kind: 27235 });
  const about = { purpose: 'link', key: { userId: 'u', kind: 'nostr', subject: pubkey } } as const;
  checkLoginEvent(signEvent(buildLoginEvent({ ...request, ...about }), secret), {
    ...{ ...request, ...about },
    skewSeconds: 300,
    ttlSeconds: 300,
  });
  // @ts-expect-error there is no such purpose
  buildLoginEvent({ ...request, purpose: 'steal' });
  const event: NostrEvent = signEvent(unsigned, secret);
  // @ts-expect-error an unsigned event cannot be verified
  verifyEvent(unsigned);
  // @ts-expect-error a secret is bytes
  signEvent(unsigned, 'nsec1');
  checkEvent(event);
  checkLoginEvent(event, {
    ...request,
    skewSeconds: 300,
    ttlSeconds: 600,
    boundPubkey: null,
    domainRequired: true,
  });
  return verifyEvent(event) && eventId(event) === npubDecode(npubEncode(pubkey)) ? event : event;
}

export function reason(error: unknown): ErrorCode | undefined {
  if (!(error instanceof CoreError)) return undefined;
  const at: number | undefined = error.seq;
  // @ts-expect-error no such code
  if (error.code === 'nonsense') return undefined;
  return at === undefined ? error.code : 'replay_hash_mismatch';
}
