/** The server's calls, one function each. */
import type { NostrEvent } from 'postfun';
import { get, getBytes, post } from './client';
import type { Balance, Burn, PoolView, Trade } from './model';
import { toBalance, toBurn, toPool, toTrade } from './model';
import type * as wire from './types';

/** How many of the latest trades the page keeps, and how many burns it shows. */
export const TRADES_KEPT = 300;
const BURNS_SHOWN = 12;

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
export async function fetchTrades(
  poolId: number,
  page: TradePage = { limit: TRADES_KEPT },
): Promise<Trade[]> {
  const before = page.beforeSeq === undefined ? '' : `&before_seq=${page.beforeSeq}`;
  const path = `/api/amm/pools/${poolId}/trades?limit=${page.limit}${before}`;
  return (await get<wire.TradeList>(path)).items.map(toTrade);
}

export async function fetchBurns(pool: PoolView): Promise<Burn[]> {
  const path = `/api/amm/pools/${pool.id}/burns?limit=${BURNS_SHOWN}`;
  return (await get<wire.BurnList>(path)).items.map((burn) => toBurn(burn, pool));
}

/** How many events the server sends at once. */
const EVENTS_MAX = 10_000;

/** Fetches a pool's whole history up to the event `seq`, in pieces; `progress` hears how many events arrived. */
export async function fetchHistory(
  poolId: number,
  seq: number,
  progress: (done: number) => void,
): Promise<Uint8Array[]> {
  const pages: Uint8Array[] = [];
  for (let after = 0; after < seq; after += EVENTS_MAX) {
    const limit = Math.min(EVENTS_MAX, seq - after);
    pages.push(await getBytes(`/api/amm/pools/${poolId}/history?after_seq=${after}&limit=${limit}`));
    progress(after + limit);
  }
  return pages;
}

export async function fetchPool(poolId: number): Promise<PoolView> {
  return toPool(await get<wire.ApiPool>(`/api/amm/pools/${poolId}`));
}

/** Swaps; the key makes a repetition of the same request harmless. */
export async function sendSwap(
  body: wire.SwapRequest,
  idempotencyKey: string,
): Promise<{ trade: Trade; pool: PoolView }> {
  const answer = await post<wire.SwapAnswer>('/api/amm/swap', { body, idempotencyKey });
  return { trade: toTrade(answer.trade), pool: toPool(answer.pool) };
}
