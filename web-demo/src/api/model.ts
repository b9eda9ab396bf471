/** The API's objects as the page uses them: every amount a bigint of base units. */
import type { Side } from 'postfun';
import { NoAnswerError } from './errors';
import type { ApiBalance, ApiBurn, ApiGranted, ApiPool, ApiTrade } from './types';

export interface Token {
  symbol: string;
  decimals: number;
}

type Three<T> = [T, T, T];
type Four<T> = [T, T, T, T];

export interface BurnStep {
  stage: number;
  amount: bigint;
}

export interface PoolView {
  id: number;
  a: Token;
  b: Token;
  reserveA: bigint;
  reserveB: bigint;
  volumeA: bigint;
  volumeB: bigint;
  feesA: bigint;
  feesB: bigint;
  feeBpsBase: number;
  stage: number;
  /** Volume of token A at which stages 2, 3 and 4 begin. */
  thresholds: Three<bigint | null>;
  burns: Four<bigint | null>;
  /** What burns, and how much reaching each stage burns; null when nothing does. */
  burnToken: Token | null;
  burnSchedule: readonly BurnStep[];
  /** How many events the pool's chain has. */
  seq: number;
  /** The hash of the last one. */
  head: string;
}

export interface Trade {
  id: string;
  seq: number;
  own: boolean;
  side: Side;
  amountIn: bigint;
  amountOut: bigint;
  fee: bigint;
  stageBefore: number;
  stage: number;
  hash: string;
  at: string;
}

export interface Burn {
  seq: number;
  stage: number;
  token: Token;
  amount: bigint;
  at: string;
}

export interface Balance {
  token: Token;
  name: string;
  amount: bigint;
  held: bigint;
}

/** Something that was given to the signed-in person. */
export interface Granted {
  seq: number;
  at: string;
  items: { token: Token; amount: bigint }[];
}

/** Reads base units; anything but plain digits is an answer this page does not understand. */
export function units(text: string): bigint {
  if (typeof text !== 'string' || !/^\d{1,19}$/.test(text)) {
    throw new NoAnswerError('The server sent an amount that this page cannot read.');
  }
  return BigInt(text);
}

const optionalUnits = (text: string | null | undefined): bigint | null => (text == null ? null : units(text));

export function toPool(pool: ApiPool): PoolView {
  return {
    id: pool.id,
    a: { symbol: pool.symbol_a, decimals: pool.decimals_a },
    b: { symbol: pool.symbol_b, decimals: pool.decimals_b },
    reserveA: units(pool.reserve_a_units),
    reserveB: units(pool.reserve_b_units),
    volumeA: units(pool.cumulative_volume_a_units),
    volumeB: units(pool.cumulative_volume_b_units),
    feesA: units(pool.fee_accum_a_units),
    feesB: units(pool.fee_accum_b_units),
    feeBpsBase: pool.fee_bps_base,
    stage: pool.stage,
    thresholds: [
      optionalUnits(pool.stage1_threshold_units),
      optionalUnits(pool.stage2_threshold_units),
      optionalUnits(pool.stage3_threshold_units),
    ],
    burns: [
      optionalUnits(pool.burn_stage1_amount_units),
      optionalUnits(pool.burn_stage2_amount_units),
      optionalUnits(pool.burn_stage3_amount_units),
      optionalUnits(pool.burn_stage4_amount_units),
    ],
    burnToken: burnTokenOf(pool),
    burnSchedule: pool.burn_schedule.map(({ stage, amount_units }) => ({
      stage,
      amount: units(amount_units),
    })),
    seq: pool.seq,
    head: pool.head,
  };
}

export function toTrade(trade: ApiTrade): Trade {
  if (trade.side !== 'AtoB' && trade.side !== 'BtoA') {
    throw new NoAnswerError('The server sent a trade that this page cannot read.');
  }
  return {
    id: trade.id,
    seq: trade.seq,
    own: trade.user_id != null,
    side: trade.side,
    amountIn: units(trade.amount_in_units),
    amountOut: units(trade.amount_out_units),
    fee: units(trade.fee_paid_units),
    stageBefore: trade.stage_before,
    stage: trade.stage,
    hash: trade.hash,
    at: trade.created_at,
  };
}

function burnTokenOf({ burn_symbol, burn_decimals }: ApiPool): Token | null {
  return burn_symbol == null || burn_decimals == null
    ? null
    : { symbol: burn_symbol, decimals: burn_decimals };
}

/** Burns are in the pool's burn token. */
export function toBurn(burn: ApiBurn, { burnToken }: PoolView): Burn {
  if (burnToken?.symbol !== burn.symbol)
    throw new NoAnswerError('The server burned a token that is not the pool’s.');
  return {
    seq: burn.seq,
    stage: burn.stage,
    token: burnToken,
    amount: units(burn.amount_units),
    at: burn.created_at,
  };
}

export function toBalance(balance: ApiBalance): Balance {
  return {
    token: { symbol: balance.symbol, decimals: balance.decimals },
    name: balance.name,
    amount: units(balance.amount_units),
    held: units(balance.held_units),
  };
}

export function toGranted({ seq, created_at, data }: ApiGranted): Granted {
  const items = data.items.map(({ symbol, decimals, amount_units }) => ({
    token: { symbol, decimals },
    amount: units(amount_units),
  }));
  return { seq, at: created_at, items };
}

/** The tokens of a swap, in the order in which the trader sees them. */
export function tokensOf(pool: PoolView, side: Side): { give: Token; get: Token } {
  return side === 'AtoB' ? { give: pool.a, get: pool.b } : { give: pool.b, get: pool.a };
}
