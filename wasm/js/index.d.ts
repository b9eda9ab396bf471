/**
 * The rules of Postfun in the browser, in a worker and in Node: the same crate that the server runs.
 *
 * Every amount is a `bigint` of whole **base units** of one token, 0 to 2^63 - 1; a token's decimals say how many
 * of them make one. Whatever is not exactly what a function takes is refused with a {@link CoreError}, never
 * converted, wrapped or rounded.
 *
 * @packageDocumentation
 */

/**
 * Starts the package. Everything else throws `not_initialised` before this promise has resolved.
 *
 * The first call decides where the module comes from; later calls return the same promise. A start that failed is
 * forgotten, so that the next call tries again.
 *
 * @param source the bytes, the URL or the response of `postfun_bg.wasm`; without it, the file beside this module
 * @throws {CoreError} (as a rejection) `invalid_argument` for another source, `init_failed` with a `cause` when the
 * module cannot be read or started
 */
export function init(source?: ArrayBuffer | ArrayBufferView | URL | Response): Promise<void>;

/**
 * Tells which build this is.
 *
 * @returns the version, the same as the server's, and the commit of the sources (`unknown` outside a repository)
 */
export function version(): { version: string; commit: string };

/** What this package refuses with: an `Error` whose `code` is stable and whose `message` is for people. */
export class CoreError extends Error {
  constructor(code: ErrorCode, message: string, seq?: number);
  readonly name: 'CoreError';
  /** What was refused. */
  readonly code: ErrorCode;
  /** For a fault in a history: the place of the event that is wrong, from 1; 0 for a history without events. */
  readonly seq?: number;
}

/** Every code of a {@link CoreError}. */
export type ErrorCode =
  // Of postfun/bolt11.
  | import('./bolt11.js').InvoiceErrorCode
  // Of this package: arguments of the wrong type or size, and the life of the module.
  | 'invalid_argument'
  | 'not_initialised'
  | 'init_failed'
  | 'pool_freed'
  | 'replay_freed'
  // Amounts.
  | 'amount_malformed'
  | 'amount_negative'
  | 'amount_precision'
  | 'amount_out_of_range'
  | 'decimals_out_of_range'
  // Pools.
  | 'invalid_reserve'
  | 'invalid_fee'
  | 'invalid_thresholds'
  | 'invalid_burns'
  | 'invalid_stage'
  // Quotes and swaps.
  | 'invalid_side'
  | 'amount_in_must_be_positive'
  | 'amount_too_small'
  | 'pool_exhausted'
  | 'amount_too_large'
  | 'invalid_slippage'
  | 'invariant_broken'
  | 'stale_state'
  // Histories.
  | 'replay_empty'
  | 'replay_truncated'
  | 'replay_unreadable'
  | 'replay_misplaced'
  | 'replay_sequence_gap'
  | 'replay_hash_mismatch'
  | 'replay_invalid_pool'
  | 'replay_impossible_swap'
  | 'replay_mismatch'
  | 'replay_time_backwards'
  | 'checkpoint_unreadable'
  | 'checkpoint_invalid_pool'
  | 'checkpoint_impossible'
  // Keys and signatures.
  | 'hex_length'
  | 'hex_digit'
  | 'public_key_invalid'
  | 'secret_key_invalid'
  | 'signature_malformed'
  | 'signature_mismatch'
  | 'npub_malformed'
  | 'npub_prefix'
  | 'npub_length'
  // Events.
  | 'event_too_large'
  | 'event_malformed'
  | 'event_hex_invalid'
  | 'event_time_out_of_range'
  | 'event_too_many_tags'
  | 'id_mismatch'
  | 'signature_invalid'
  // Sign-in.
  | 'content_too_large'
  | 'content_malformed'
  | 'kind_not_allowed'
  | 'key_not_bound'
  | 'purpose_mismatch'
  | 'data_mismatch'
  | 'challenge_mismatch'
  | 'created_at_out_of_range'
  | 'login_expired'
  | 'expiry_too_far'
  | 'domain_missing'
  | 'domain_mismatch'
  | 'url_mismatch'
  | 'method_mismatch';

/** Which token goes in: A for `AtoB`, B for `BtoA`. */
export type Side = 'AtoB' | 'BtoA';

/** The volumes of token A at which stages 2, 3 and 4 begin, in its base units; `null` skips the stage. */
export type Thresholds = [bigint | null, bigint | null, bigint | null];

/**
 * The four burn amounts in base units of the burn token. Reaching stage 2 burns the first, stage 3 the second,
 * stage 4 the fourth, or the third when there is no fourth.
 */
export type BurnAmounts = [bigint | null, bigint | null, bigint | null, bigint | null];

/** A pool as it is now; what the server's pool object says. */
export interface PoolInput {
  /** Reserve of token A in its base units, above 0; fees are not part of it. */
  reserveA: bigint;
  /** Reserve of token B in its base units, above 0; fees are not part of it. */
  reserveB: bigint;
  /** Fee of the first stage in basis points, 0 to 9999; each later stage halves it. */
  feeBpsBase: number;
  /** The present stage, 1 to 4. */
  stage: number;
  /** Token A that ever went in (gross) or came out, in its base units; decides the stage. 0 by default. */
  volumeA?: bigint;
  /** Token B that ever went in (gross) or came out, in its base units. 0 by default. */
  volumeB?: bigint;
  /** Fees taken in token A and not collected yet, in its base units. 0 by default. */
  feesA?: bigint;
  /** Fees taken in token B and not collected yet, in its base units. 0 by default. */
  feesB?: bigint;
  /** None by default: the pool stays in its stage. */
  thresholds?: Thresholds;
  /** None by default: nothing burns. */
  burns?: BurnAmounts;
}

/** All there is to know of a pool; `new Pool(snapshot)` brings it back. */
export type PoolSnapshot = Required<PoolInput>;

/** What a swap gives in one state of a pool. */
export interface Quote {
  side: Side;
  /** The stage whose fee is paid: the one before the swap. */
  stage: number;
  /** What the trader gives, fee included; base units of the input token. */
  amountIn: bigint;
  /** The fee, rounded up; base units of the input token. */
  fee: bigint;
  /** What enters the reserve, `amountIn - fee`. */
  effectiveIn: bigint;
  /** What the trader gets, rounded down; base units of the output token. */
  amountOut: bigint;
  /** How far the swap's own size moves its price against the trader: parts per million, rounded up. */
  priceImpactPpm: number;
  /** The input token's reserve after the swap. */
  reserveInAfter: bigint;
  /** The output token's reserve after the swap, at least 1. */
  reserveOutAfter: bigint;
}

/** What reaching a stage burned. */
export interface Burn {
  /** The stage that was reached, 2 to 4. */
  stage: number;
  /** Base units of the pool's burn token, above 0. */
  amount: bigint;
}

/** What a swap did to a pool. */
export interface SwapResult {
  /** The quote that was carried out. */
  quote: Quote;
  /** The stage after the swap; one swap can cross several thresholds. */
  stageAfter: number;
  /** One for each threshold that was crossed and burns something, in order. */
  burns: Burn[];
}

/**
 * A pool that is held in the WebAssembly module, so that a quote sends one number.
 *
 * @example
 * await init();
 * const pool = new Pool({ reserveA: 100_000_000_000n, reserveB: 65_000_000_000_000n, feeBpsBase: 30, stage: 1 });
 * pool.quoteExactIn('AtoB', 100_000_000n).amountOut; // 64_740_453_767n: 1 gBTC gives 64740.453767 gUSD
 */
export class Pool {
  /**
   * @throws {CoreError} `invalid_argument`; `amount_out_of_range`; `invalid_reserve` for an empty reserve; `invalid_fee`
   * above 9999 bps; `invalid_stage`; `invalid_thresholds` unless those given rise strictly from above 0;
   * `invalid_burns` when their sum passes 2^63 - 1
   */
  constructor(input: PoolInput);

  /**
   * Quotes a swap by the amount that goes in. The pool does not change.
   *
   * @param amountIn gross, in base units of the input token
   * @returns the fee rounded up and the output rounded down, each less than one base unit from the exact value
   * @throws {CoreError} `invalid_argument`; `invalid_side`; `amount_out_of_range`; `amount_in_must_be_positive` for 0;
   * `amount_too_small` when the fee eats the input or nothing comes out; `amount_too_large` when the reserve would
   * pass 2^63 - 1; `pool_freed`
   */
  quoteExactIn(side: Side, amountIn: bigint): Quote;

  /**
   * Quotes a swap by the amount that comes out: the smallest input that yields at least that. The trader gets the
   * whole output of that input, which can be a little more. The pool does not change.
   *
   * @param amountOut in base units of the output token
   * @throws {CoreError} `invalid_argument`; `invalid_side`; `amount_out_of_range`; `amount_in_must_be_positive` for 0;
   * `pool_exhausted` unless it is below the reserve; `amount_too_large`; `pool_freed`
   */
  quoteExactOut(side: Side, amountOut: bigint): Quote;

  /**
   * Carries out a swap by the amount that goes in, as the server would: reserves, fees and volumes move, then the
   * volume of token A decides the stage. A refusal leaves the pool as it was.
   *
   * @param amountIn gross, in base units of the input token
   * @throws {CoreError} as {@link Pool.quoteExactIn}; also `amount_too_large` when the fees would pass 2^63 - 1
   */
  swap(side: Side, amountIn: bigint): SwapResult;

  /**
   * Reads the pool as it is now.
   *
   * @throws {CoreError} `pool_freed`
   */
  state(): PoolSnapshot;

  /** Gives the pool's memory back; later calls throw `pool_freed`. Without it the garbage collector does it. */
  free(): void;
}

/**
 * Computes the least output a trader accepts.
 *
 * @param amountOut the quoted output in base units
 * @param slippageBps basis points of it that may be lost, 0 to 10000
 * @returns `amountOut` less the slippage, rounded **up**: less than one base unit above the exact value
 * @throws {CoreError} `invalid_argument`; `amount_out_of_range`; `invalid_slippage`
 */
export function minAmountOut(amountOut: bigint, slippageBps: number): bigint;

/**
 * Computes the largest input a trader accepts for an exact output.
 *
 * @param amountIn the quoted input in base units
 * @param slippageBps basis points of it that may come on top, 0 to 10000
 * @returns `amountIn` and the slippage, rounded **down**: less than one base unit below the exact value
 * @throws {CoreError} `invalid_argument`; `amount_out_of_range`; `invalid_slippage`; `amount_too_large`
 */
export function maxAmountIn(amountIn: bigint, slippageBps: number): bigint;

/**
 * Writes the fee of a stage in basis points, exactly.
 *
 * @param feeBpsBase the fee of the first stage in basis points, 0 to 9999
 * @param stage 1 to 4
 * @returns for 30: `"30"`, `"15"`, `"7.5"`, `"3.75"`
 * @throws {CoreError} `invalid_argument`; `invalid_fee`; `invalid_stage`
 */
export function feeBpsText(feeBpsBase: number, stage: number): string;

/**
 * Writes a price: whole output tokens per whole input token.
 *
 * @param amountOut base units of the output token
 * @param decimalsOut its decimals, 0 to 11
 * @param amountIn base units of the input token, above 0
 * @param decimalsIn its decimals, 0 to 11
 * @param significantDigits how many digits from the first that is not zero, 1 to 28; 8 by default. Whole digits are
 * always all shown, trailing zeros never
 * @returns decimal text, cut, so never above the exact price
 * @throws {CoreError} `invalid_argument`; `amount_out_of_range`; `decimals_out_of_range`;
 * `amount_in_must_be_positive`
 */
export function priceText(
  amountOut: bigint,
  decimalsOut: number,
  amountIn: bigint,
  decimalsIn: number,
  significantDigits?: number,
): string;

/**
 * Reads a decimal number of tokens as base units, exactly or not at all.
 *
 * @param text JSON's number grammar: `"1.5"`, `"65000000"`, `"1e-7"`; at most 64 characters
 * @param decimals the token's decimals, 0 to 11
 * @throws {CoreError} `invalid_argument`; `amount_malformed`; `amount_negative` for any minus sign; `amount_precision`
 * for more decimals than the token has; `amount_out_of_range`; `decimals_out_of_range`
 */
export function parseAmount(text: string, decimals: number): bigint;

/**
 * Writes base units as the shortest decimal number of tokens that is exactly them.
 *
 * @param units base units
 * @param decimals the token's decimals, 0 to 11
 * @returns `"64740.453767"`, `"0.00000001"`, `"65000000"`: no exponent, no trailing zeros, no separators
 * @throws {CoreError} `invalid_argument`; `amount_out_of_range`; `decimals_out_of_range`
 */
export function formatAmount(units: bigint, decimals: number): string;

/** A token as a pool's history names it. */
export interface ReplayToken {
  /** The server's number of the token. */
  id: bigint;
  symbol: string;
  decimals: number;
}

/** What a pool's history amounts to. */
export interface ReplaySummary {
  /** The server's number of the pool. */
  poolId: bigint;
  tokenA: ReplayToken;
  tokenB: ReplayToken;
  /** The token that crossings burn; without one nothing burns. */
  burnToken: ReplayToken | null;
  /** How many events there are; also the number of the last one. */
  seq: number;
  /** Chain hash of the last event: 64 lower-case hexadecimal digits. */
  head: string;
  /** How many of the events are swaps. */
  swaps: number;
  /** What was burned, in base units of the burn token. */
  burned: bigint;
  /** The pool after the last event. */
  pool: PoolSnapshot;
}

/**
 * Recomputes a pool from its history and believes nothing of it: hashes, sequence, fees, outputs and stages are
 * each computed again.
 *
 * @param log records of `length (2 bytes, big-endian)`, the event's bytes, its chain hash (32 bytes); at most 256 MiB
 * @throws {CoreError} `invalid_argument`; the first fault as one of the `replay_…` codes, with `seq`
 */
export function replayLog(log: Uint8Array): ReplaySummary;

/** A history that is replayed while it arrives, from its beginning or from a checkpoint. */
export class Replay {
  /**
   * @param checkpoint begins behind it, without the events before; it proves nothing by itself
   * @throws {CoreError} `invalid_argument`; one of the `checkpoint_…` codes
   */
  constructor(checkpoint?: Uint8Array);

  /**
   * Replays the next piece of the log, cut anywhere.
   *
   * @throws {CoreError} as {@link replayLog}
   */
  push(log: Uint8Array): void;

  /**
   * What the history amounts to so far.
   *
   * @throws {CoreError} `replay_empty`; `replay_truncated` within a record
   */
  summary(): ReplaySummary;

  /**
   * The pool as it is now, for another `Replay` to begin with.
   *
   * @throws {CoreError} as {@link summary}
   */
  checkpoint(): Uint8Array;

  /** Gives the memory back; any later call is refused with `replay_freed`. */
  free(): void;
}

/** The end of a pool's history, signed: `/api/amm/pools/{id}/head`. Keys, hashes and signatures are hexadecimal. */
export interface SignedHead {
  poolId: bigint;
  seq: number;
  head: string;
  signature: string;
  pubkey: string;
}

/**
 * Tells whether a head was signed by its key.
 *
 * @throws {CoreError} `invalid_argument`
 */
export function verifyHead(head: SignedHead): boolean;

/**
 * Tells whether a checkpoint was signed by a key.
 *
 * @throws {CoreError} `invalid_argument`
 */
export function verifyCheckpoint(checkpoint: Uint8Array, pubkey: string, signature: string): boolean;

export * from './events.js';
