/** Lightning invoices, in a WebAssembly module of their own. */
import start, * as raw from './postfun_bolt11.js';
import { integer, record, text, units } from './check.js';
import { CoreError } from './error.js';
import { starter } from './start.js';

export { CoreError };

const NETWORKS = ['mainnet', 'testnet', 'signet', 'regtest'];

const module = starter(start, () => new URL('./postfun_bolt11_bg.wasm', import.meta.url));

export const { init } = module;

/**
 * @param {string} invoice
 * @returns {import('./bolt11.js').Invoice}
 */
export function decodeInvoice(invoice) {
  return reading(invoice, described);
}

/**
 * @param {string} invoice
 * @param {import('./bolt11.js').Payment} payment
 * @returns {import('./bolt11.js').Invoice}
 */
export function checkPayable(invoice, payment) {
  module.instance();
  const { network, amountSats, nowSeconds } = record(payment, 'payment');
  if (typeof network !== 'string' || !NETWORKS.includes(network)) {
    throw new CoreError('invalid_argument', `network must be one of ${NETWORKS.join(', ')}`);
  }
  const sats = units(amountSats, 'amountSats');
  const now = BigInt(integer(nowSeconds, 'nowSeconds', Number.MAX_SAFE_INTEGER));
  return reading(invoice, (read) => {
    read.checkPayable(network, sats, now);
    return described(read);
  });
}

/**
 * @param {bigint} amountMsat
 * @param {bigint | null} [feeSatsMax]
 * @returns {bigint}
 */
export function feeCapMsat(amountMsat, feeSatsMax = null) {
  module.instance();
  const cap = feeSatsMax === null ? undefined : units(feeSatsMax, 'feeSatsMax');
  return raw.feeCapMsat(units(amountMsat, 'amountMsat'), cap);
}

/**
 * @template T
 * @param {unknown} invoice
 * @param {(read: raw.RawInvoice) => T} use
 * @returns {T}
 */
function reading(invoice, use) {
  module.instance();
  const read = raw.decodeInvoice(text(invoice, 'invoice'));
  try {
    return use(read);
  } finally {
    read.free();
  }
}

/**
 * @param {raw.RawInvoice} read
 * @returns {import('./bolt11.js').Invoice}
 */
function described(read) {
  const [timestamp, expiresIn, expiresAt, minFinalCltv] = read.numbers();
  return {
    network: /** @type {import('./bolt11.js').Network} */ (read.network()),
    amountMsat: read.amountMsat() ?? null,
    timestampSeconds: Number(timestamp), // 35 bits
    expiresInSeconds: /** @type {bigint} */ (expiresIn),
    expiresAtSeconds: /** @type {bigint} */ (expiresAt),
    paymentHash: read.paymentHash(),
    paymentSecret: read.paymentSecret() ?? null,
    description: read.description() ?? null,
    descriptionHash: read.descriptionHash() ?? null,
    payee: read.payee(),
    minFinalCltv: /** @type {bigint} */ (minFinalCltv),
  };
}
