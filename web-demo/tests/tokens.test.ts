import { expect, test } from 'vitest';
import { ApiError, NoAnswerError } from '../src/api/errors';
import type { Ports, Tokens } from '../src/api/tokens';
import { SharedTokens, isSameSession } from '../src/api/tokens';

const LIFE_MS = 3_600_000;

/** A server that keeps the rules of its own tests: one successor, given again until somebody uses it. */
class Server {
  newest = 0;
  used = 0;
  ended = false;
  refreshes = 0;
  /** Of each so many answers one arrives. */
  answeredEach = 1;

  refresh(refresh: string, now: number): Tokens {
    const n = Number(refresh.slice(REFRESH.length));
    if (this.ended) throw refused('invalid_refresh_token');
    if (n === this.newest) {
      this.used = n;
      this.newest += 1;
    } else if (n !== this.newest - 1 || this.used === this.newest) {
      this.ended = true;
      throw refused('refresh_token_reused');
    }
    this.refreshes += 1;
    if (this.refreshes % this.answeredEach !== 0) throw new NoAnswerError('The answer was lost.');
    return pair(this.newest, now);
  }

  call(access: string): boolean {
    this.used = Math.max(this.used, Number(access.slice(ACCESS.length)));
    return !this.ended;
  }
}

const REFRESH = 'pfr_of one session, thirty-two letters#';
const ACCESS = 'access#';

function pair(n: number, now: number): Tokens {
  return { access: `${ACCESS}${n}`, refresh: `${REFRESH}${n}`, endsAt: now + LIFE_MS };
}

function refused(code: string): ApiError {
  return new ApiError(401, code, 'No.', null, null);
}

/** Tabs of one browser: one storage, one lock, one clock, one server. */
function browserOf(server: Server, withLock = true) {
  const browser = { stored: pair(0, 0) as Tokens | null, now: 0 };
  let left: Tokens | null = null;
  let turn: Promise<unknown> = Promise.resolve();
  const ports: Ports = {
    read: () => browser.stored,
    write: (tokens) => {
      browser.stored = tokens;
    },
    readLeft: () => Promise.resolve(left),
    leave: (tokens) => {
      left = tokens;
      return Promise.resolve();
    },
    exclusively: (work) => {
      const mine = withLock ? turn.then(work, work) : work();
      turn = mine.catch(() => undefined);
      return mine;
    },
    exchange: async (refresh) => {
      await wait();
      const tokens = server.refresh(refresh, browser.now);
      await wait();
      return tokens;
    },
    now: () => browser.now,
  };
  return { browser, tab: () => new SharedTokens(ports) };
}

/** The network takes a different number of turns each time, the same in each run. */
let seed = 1;
async function wait(): Promise<void> {
  seed = (seed * 48_271) % 2_147_483_647;
  for (let turns = seed % 61; turns > 0; turns -= 1) await Promise.resolve();
}

async function callIn(tab: SharedTokens, server: Server): Promise<boolean> {
  const access = await tab.access();
  await wait();
  return access !== null && server.call(access);
}

for (const answeredEach of [1, 2, 3]) {
  test(`twenty tabs stay signed in when one of ${answeredEach} answers arrives`, async () => {
    const server = new Server();
    const { browser, tab } = browserOf(server);
    const tabs = Array.from({ length: 20 }, tab);
    for (let round = 1; round <= 5; round += 1) {
      browser.now += LIFE_MS;
      server.answeredEach = answeredEach;
      const outcomes = await Promise.all(tabs.map((one) => callIn(one, server)));
      expect(outcomes, `round ${round}`).toEqual(outcomes.map(() => true));
      expect(server.newest).toBe(round);
    }
    expect(server.refreshes).toBe(5 * answeredEach);
  });
}

test('without the lock the same tabs look like thieves, which is why there is one', async () => {
  const server = new Server();
  const { browser, tab } = browserOf(server, false);
  const tabs = Array.from({ length: 20 }, tab);
  browser.now = LIFE_MS;
  await Promise.all(tabs.map((one) => callIn(one, server)));
  expect(server.ended).toBe(true);
});

test('a token is shown until it ends soon', async () => {
  const server = new Server();
  const { browser, tab } = browserOf(server);
  browser.stored = pair(0, 0);
  browser.now = LIFE_MS - 30_000;
  expect(await tab().access()).toBe(`${ACCESS}0`);
  browser.now += 1;
  expect(await tab().access()).toBe(`${ACCESS}1`);
  browser.stored = null;
  expect(await tab().access()).toBeNull();
});

test('a refused token is replaced once, and by nobody when another tab was faster', async () => {
  const server = new Server();
  const { tab } = browserOf(server);
  const [one, two] = [tab(), tab()];
  const next = await Promise.all([one.renew(`${ACCESS}0`), two.renew(`${ACCESS}0`)]);
  expect(next).toEqual([`${ACCESS}1`, `${ACCESS}1`]);
  expect(server.refreshes).toBe(1);
});

test('a session that the server has ended is over in every tab', async () => {
  const server = new Server();
  const { browser, tab } = browserOf(server);
  server.ended = true;
  expect(await tab().renew(`${ACCESS}0`)).toBeNull();
  expect(browser.stored).toBeNull();
  expect(await tab().renew(`${ACCESS}0`)).toBeNull();
});

test('while no answer comes the old token stays', async () => {
  const server = new Server();
  server.answeredEach = 1_000;
  const { browser, tab } = browserOf(server);
  browser.now = LIFE_MS;
  expect(await tab().access()).toBe(`${ACCESS}0`);
  expect(server.refreshes).toBe(3);
  expect(browser.stored).toEqual(pair(0, 0));
  await expect(tab().renew(`${ACCESS}0`)).rejects.toThrow(NoAnswerError);
});

test('whoever signs out during a refresh stays signed out', async () => {
  const server = new Server();
  const { browser, tab } = browserOf(server);
  const renewing = tab().renew(`${ACCESS}0`);
  for (let turns = 0; turns < 3; turns += 1) await Promise.resolve();
  browser.stored = null;
  expect(await renewing).toBeNull();
  expect(browser.stored).toBeNull();
});

test('a tab whose storage lags behind shows what was left, never an old token', async () => {
  const server = new Server();
  let left: Tokens | null = null;
  const lagging = (): SharedTokens => {
    let stored: Tokens | null = pair(0, 0);
    return new SharedTokens({
      read: () => stored,
      write: (tokens) => {
        stored = tokens;
      },
      readLeft: () => Promise.resolve(left),
      leave: (tokens) => {
        left = tokens;
        return Promise.resolve();
      },
      exclusively: (work) => work(),
      exchange: (refresh) => Promise.resolve(server.refresh(refresh, LIFE_MS)),
      now: () => LIFE_MS,
    });
  };
  for (let tab = 0; tab < 20; tab += 1) expect(await callIn(lagging(), server)).toBe(true);
  expect([server.refreshes, server.ended]).toEqual([1, false]);
});

test('sessions are told apart by the beginning of their refresh tokens', () => {
  const other = { ...pair(0, 0), refresh: 'pfr_of another, of as many letters  #0' };
  expect(isSameSession(pair(0, 0), pair(7, 9))).toBe(true);
  expect(isSameSession(pair(0, 0), other)).toBe(false);
  expect(isSameSession(pair(0, 0), null)).toBe(false);
  expect(isSameSession(null, null)).toBe(true);
});
