/** The server's calls, one function each. */
import type { NostrEvent } from 'postfun';
import { get, post } from './client';
import type { Balance, Burn, PoolView, Trade } from './model';
import { toBalance, toBurn, toPool, toTrade } from './model';
import type * as wire from './types';

/** How many trades and burns the page shows. */
const SHOWN_MAX = 12;

export const fetchConfig = (): Promise<wire.ServerConfig> => get('/api/config');

export const requestChallenge = (pubkey: string): Promise<wire.Challenge> =>
  post('/auth/challenge', { body: { pubkey } });

export const verifyLogin = (event: NostrEvent, challengeId: string): Promise<wire.Verified> =>
  post('/auth/verify', { body: { event, challenge_id: challengeId } });

export const fetchMe = async (): Promise<wire.User> => (await get<wire.UserAnswer>('/auth/me')).user;

export const endSession = (): Promise<wire.LogoutAnswer> => post('/auth/logout');

export async function fetchBalances(): Promise<Balance[]> {
  return (await get<wire.BalanceList>('/api/amm/balances')).items.map(toBalance);
}

export async function takeStarterGrant(): Promise<Balance[]> {
  return (await post<wire.BalanceList>('/api/demo/starter-grant')).items.map(toBalance);
}

export async function fetchPools(): Promise<PoolView[]> {
  return (await get<wire.PoolList>('/api/amm/pools')).items.map(toPool);
}

export interface TradePage {
  limit: number;
  /** Only trades before this event; without it the latest. */
  beforeSeq?: number;
}

/** The trades of a pool, newest first. */
export async function fetchTrades(poolId: number, page: TradePage = { limit: SHOWN_MAX }): Promise<Trade[]> {
  const before = page.beforeSeq === undefined ? '' : `&before_seq=${page.beforeSeq}`;
  const path = `/api/amm/pools/${poolId}/trades?limit=${page.limit}${before}`;
  return (await get<wire.TradeList>(path)).items.map(toTrade);
}

export async function fetchBurns(pool: PoolView): Promise<Burn[]> {
  const path = `/api/amm/pools/${pool.id}/burns?limit=${SHOWN_MAX}`;
  return (await get<wire.BurnList>(path)).items.map((burn) => toBurn(burn, pool));
}

/** Swaps; the key makes a repetition of the same request harmless. */
export async function sendSwap(
  body: wire.SwapRequest,
  idempotencyKey: string,
): Promise<{ trade: Trade; pool: PoolView }> {
  const answer = await post<wire.SwapAnswer>('/api/amm/swap', { body, idempotencyKey });
  return { trade: toTrade(answer.trade), pool: toPool(answer.pool) };
}
