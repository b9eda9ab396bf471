/** Starts the page: the module, the session, the data, and what keeps them fresh. */
import { effect, signal, untracked } from '@preact/signals';
import { followAccount } from './account';
import { followAttempt } from './swap';
import { followBalances, refreshBalances } from './balances';
import { connection, watchDevice } from './connection';
import { core, startCore } from './core';
import { restoreKey } from './key';
import { followKeyChange } from './key-change';
import { followKeys } from './keys';
import { followLive, isLive } from './live';
import { followOwn } from './own';
import { followHead } from './head';
import { followHistory, loadPools } from './pools';
import { followDepositAttempt } from './deposit';
import { followPayments } from './payments';
import { followPreferences } from './preferences';
import { followEmailProof } from './privy';
import { followProof } from './proof';
import { followSats, refreshSats } from './sats';
import { loadServer, server } from './server';
import { followTabs, resumeSession, session } from './session';
import { followSessions } from './sessions';
import { watchForExtension } from './signer';
import { startTheme } from './theme';
import { followWithdrawalAttempt } from './withdrawal';

/** How often the pools are asked for while the page can be seen and no stream tells of the one looked at. */
const REFRESH_EVERY_MS = 5_000;
/** How often beside a stream: for the other pools, and in case it fell silent. */
const REFRESH_BESIDE_STREAM_MS = 60_000;
const TICK_MS = 1_000;

/** The device's time, ticking once a second, for ages such as “4 s ago”. */
export const now = signal(Date.now());

export async function start(): Promise<void> {
  startTheme();
  watchForExtension();
  followTabs();
  watchDevice(() => void refresh());
  followHistory();
  followLive();
  followHead();
  followProof();
  followBalances();
  followSats();
  followPayments();
  followOwn();
  followAccount();
  followKeys();
  followKeyChange();
  followSessions();
  followPreferences();
  followEmailProof();
  followAttempt();
  followDepositAttempt();
  followWithdrawalAttempt();
  startTimers();
  await Promise.all([bootCore(), loadServer(), loadPools(), resumeSession()]);
}

/** Starts the module, or tries again. */
export async function bootCore(): Promise<void> {
  await startCore();
  if (core.value.phase === 'ready') restoreKey();
}

function startTimers(): void {
  setInterval(() => {
    now.value = Date.now();
  }, TICK_MS);
  setInterval(() => {
    const isFresh = isLive.peek() && Date.now() - refreshedAt < REFRESH_BESIDE_STREAM_MS;
    if (!document.hidden && navigator.onLine && !isFresh) void refresh();
  }, REFRESH_EVERY_MS);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) void refresh();
  });
  followReturn();
}

/** When the server answers again after a silence, whatever could not be loaded is loaded. */
function followReturn(): void {
  let away = false;
  effect(() => {
    const state = connection.value;
    if (state === 'offline' || state === 'unreachable') away = true;
    if (state !== 'online' || !away) return;
    away = false;
    untracked(() => void recover());
  });
}

let refreshedAt = Date.now();

/** Looks whether the pools moved; also the way to find out that the server is back. */
export async function refresh(): Promise<void> {
  refreshedAt = Date.now();
  await loadPools();
}

async function recover(): Promise<void> {
  await Promise.all([
    server.peek().value === null ? loadServer() : undefined,
    session.peek().phase === 'out' ? resumeSession() : Promise.all([refreshBalances(), refreshSats()]),
  ]);
}
