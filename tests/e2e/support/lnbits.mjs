/**
 * A real LNbits for the tests alone: `FakeWallet` as its node, SQLite in a temporary folder, on this machine only.
 *
 * The program comes from `scripts/setup.sh lnbits`; without it a test fails with that sentence, it never skips.
 * `FakeWallet` makes mainnet invoices (`lnbc`) and pays those of the same LNbits only, without a fee.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from './server.mjs';

const START_MS = 120_000;
/** The only super user, known before the first start. */
const SUPER_USER = 'd2c5f08a3b6e4d1f9a7c0b8e6f4a2d10';

/** Starts LNbits and waits until it answers. */
export async function startLnbits() {
  const home = await installed();
  const dir = await mkdtemp(join(tmpdir(), 'postfun-e2e-lnbits-'));
  const [python] = await readdir(join(home, 'lib'));
  await mkdir(join(dir, 'lnbits'));
  // LNbits wants its own `lnbits/static` below the working directory.
  await symlink(join(home, 'lib', python, 'site-packages/lnbits/static'), join(dir, 'lnbits/static'));
  const [port] = await freePorts(1);
  const log = [];
  const child = spawn(join(home, 'bin/lnbits'), ['--host', '127.0.0.1', '--port', String(port)], {
    cwd: dir,
    env: settings(dir),
    // LNbits works in a process below the one that is started; as a group they end together.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => log.push(chunk));
  let exited = false;
  const ended = new Promise((resolve) => {
    child.once('exit', () => {
      exited = true;
    });
    // Only when nobody below holds its output any longer.
    child.once('close', resolve);
  });
  // A test run that is broken off leaves nothing behind.
  const kill = () => {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // All of it has ended already.
    }
  };
  process.once('exit', kill);
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    process.off('exit', kill);
    kill();
    await ended;
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await ready(url, () => exited);
    return { url, stop, wallet: await cashier(url) };
  } catch (cause) {
    await stop();
    throw new Error(`LNbits did not start: ${Buffer.concat(log).toString()}`, { cause });
  }
}

/** Finds the folder in which `scripts/setup.sh` keeps LNbits, whole and of the wanted version. */
async function installed() {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const home = join(process.env.POSTFUN_TOOLS || join(cache, 'postfun/tools'), 'lnbits');
  const wanted = fileURLToPath(new URL('../../../scripts/lnbits-requirements.txt', import.meta.url));
  const list = join(home, 'installed.txt');
  const isWhole = existsSync(list) && (await readFile(list, 'utf8')) === (await readFile(wanted, 'utf8'));
  if (!isWhole) {
    throw new Error(
      'LNbits is missing or of another version: scripts/setup.sh lnbits (make test-e2e does so)',
    );
  }
  return home;
}

function settings(dir) {
  return {
    PATH: '/usr/bin:/bin',
    HOME: dir,
    LNBITS_BACKEND_WALLET_CLASS: 'FakeWallet',
    FAKE_WALLET_SECRET: 'tests',
    LNBITS_DATA_FOLDER: join(dir, 'data'),
    LNBITS_EXTENSIONS_PATH: join(dir, 'extensions'),
    LNBITS_EXTENSIONS_DEFAULT_INSTALL: '',
    LNBITS_ADMIN_UI: 'true',
    SUPER_USER,
    AUTH_HTTPS_ONLY: 'false',
    ENABLE_LOG_TO_FILE: 'false',
    LNBITS_RATE_LIMIT_NO: '1000000',
    PYTHONDONTWRITEBYTECODE: '1',
  };
}

async function ready(url, hasExited) {
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline && !hasExited()) {
    // Whatever it answers: before the first installation it only sends people there.
    const answer = await fetch(`${url}/api/v1/health`, { redirect: 'manual' }).catch(() => null);
    if (answer !== null) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('no sign of life');
}

/** Becomes the super user; the function that comes back makes wallets with sats in them. */
async function cashier(url) {
  // Refused by whoever else got the port, so that nobody takes a stranger for this server.
  const { access_token: token } = await call(url, 'PUT', '/api/v1/auth/first_install', {
    body: { username: 'tests', password: 'tests-tests', password_repeat: 'tests-tests' },
  });
  return async (sats) => {
    const made = await call(url, 'POST', '/api/v1/account', { body: { name: 'tests' } });
    if (sats > 0) {
      const headers = { authorization: `Bearer ${token}` };
      await call(url, 'PUT', '/users/api/v1/balance', { headers, body: { id: made.id, amount: sats } });
    }
    return new Wallet(url, made);
  };
}

/** A wallet, used as anybody else would use it. */
class Wallet {
  constructor(url, { inkey, adminkey }) {
    this.url = url;
    this.invoiceKey = inkey;
    this.adminKey = adminkey;
  }

  /** How the server under test reaches this wallet, at LNbits itself or at something that stands before it. */
  settings(url = this.url) {
    return {
      LNBITS_API_URL: url,
      LNBITS_INVOICE_KEY: this.invoiceKey,
      LNBITS_ADMIN_KEY: this.adminKey,
    };
  }

  async invoice(sats, memo = 'tests') {
    const order = { out: false, unit: 'sat', amount: sats, memo };
    return (await this.#payments(this.invoiceKey, order)).bolt11;
  }

  async pay(bolt11) {
    await this.#payments(this.adminKey, { out: true, bolt11 });
  }

  async balanceSats() {
    const headers = { 'x-api-key': this.invoiceKey };
    return (await call(this.url, 'GET', '/api/v1/wallet', { headers })).balance / 1000;
  }

  #payments(key, body) {
    return call(this.url, 'POST', '/api/v1/payments', { headers: { 'x-api-key': key }, body });
  }
}

async function call(url, method, path, { headers, body }) {
  const answer = await fetch(url + path, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text);
}
