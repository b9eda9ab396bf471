/** The server's calls, one function each. */
import type { NostrEvent, SignedHead } from 'postfun';
import type { PrivyProof } from '../privy/client';
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

export const verifyLogin = (
  event: NostrEvent,
  challengeId: string,
  deviceName: string,
): Promise<wire.Verified> =>
  post('/auth/verify', { body: { event, challenge_id: challengeId, device_name: deviceName } });

export const logInWithPrivy = (proof: PrivyProof, deviceName: string): Promise<wire.PrivyLogin> =>
  post('/api/auth/login', {
    body: { privyToken: proof.access, identityToken: proof.identity, deviceName, platform: 'web' },
  });

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

/**
 * Fetches a pool's events behind one and up to another, piece by piece; the next piece is on its way while `take` works.
 *
 * @param take says whether to go on; hears the piece and the number of its last event
 */
export async function fetchHistory(
  poolId: number,
  after: number,
  last: number,
  take: (piece: Uint8Array, seq: number) => Promise<boolean>,
): Promise<void> {
  const piece = (from: number): Promise<Uint8Array> => {
    const limit = Math.min(EVENTS_MAX, last - from);
    return getBytes(`/api/amm/pools/${poolId}/history?after_seq=${from}&limit=${limit}`);
  };
  let next = after < last ? piece(after) : null;
  for (let from = after; next !== null; from += EVENTS_MAX) {
    const present: Uint8Array = await next;
    const to = Math.min(from + EVENTS_MAX, last);
    next = to < last ? piece(to) : null;
    // Whoever stops here does not hear of a piece that failed.
    next?.catch(() => undefined);
    if (!(await take(present, to))) return;
  }
}

/** The signed end of a pool's history, now or after an earlier event. */
export async function fetchHead(poolId: number, seq?: number): Promise<SignedHead> {
  const place = seq === undefined ? '' : `?seq=${seq}`;
  const head = await get<wire.ApiHead>(`/api/amm/pools/${poolId}/head${place}`);
  return { ...head, poolId: BigInt(head.pool_id) };
}

/** A state of a pool that the server signed. */
export interface SignedCheckpoint {
  seq: number;
  checkpoint: string;
  signature: string;
  pubkey: string;
}

/** The latest checkpoint of a pool; null while it has none. */
export async function fetchCheckpoint(poolId: number): Promise<SignedCheckpoint | null> {
  const { items, pubkey } = await get<wire.CheckpointList>(`/api/amm/pools/${poolId}/checkpoints?limit=1`);
  const [latest] = items;
  return latest === undefined ? null : { ...latest, pubkey };
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
