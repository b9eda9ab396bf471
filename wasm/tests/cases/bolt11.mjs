// Invoices: the examples of BOLT 11 and own ones, whether they may be paid, and arguments that are none.
import { codeOf, equal } from './assert.mjs';

/** The file that these tests want, without its ending. */
export const FILE = 'bolt11';

/**
 * @param bolt11 the public module, which has started
 * @param vectors the parsed file
 * @returns tests as [sentence, function]
 */
export function bolt11Tests(bolt11, vectors) {
  const each = (lists, run) => () => {
    const cases = lists.flatMap((list) => vectors[list]);
    if (cases.length < 40) throw new Error(`${lists} have ${cases.length} cases`);
    for (const vector of cases) run(vector);
  };
  return [
    ['valid invoices are read to the last field', each(['valid', 'own_valid'], (v) => valid(bolt11, v))],
    [
      'invalid invoices are refused with their reason',
      each(['invalid', 'own_invalid'], ({ name, invoice, code }) => {
        equal(
          codeOf(bolt11, () => bolt11.decodeInvoice(invoice)),
          code,
          name,
        );
        equal(
          codeOf(bolt11, () => bolt11.checkPayable(invoice, PAYMENT)),
          code,
          `${name}, to be paid`,
        );
      }),
    ],
    ['an invoice may be paid exactly, here and in time', () => payable(bolt11, vectors)],
    ['the fee cap is the core’s', () => feeCaps(bolt11, vectors)],
    ['what is no invoice and no payment is refused', () => wrongArguments(bolt11, vectors)],
  ];
}

const PAYMENT = { network: 'mainnet', amountSats: 250_000n, nowSeconds: 1_496_314_658 };

function valid(bolt11, vector) {
  const expiresIn = BigInt(vector.expires_in_s);
  const end = BigInt(vector.timestamp_s) + expiresIn;
  const expected = {
    network: vector.network,
    amountMsat: vector.amount_msat === null ? null : BigInt(vector.amount_msat),
    timestampSeconds: vector.timestamp_s,
    expiresInSeconds: expiresIn,
    expiresAtSeconds: end < 2n ** 64n ? end : 2n ** 64n - 1n,
    paymentHash: vector.payment_hash,
    paymentSecret: vector.payment_secret,
    description: vector.description,
    descriptionHash: vector.description_hash,
    payee: vector.payee,
    minFinalCltv: BigInt(vector.min_final_cltv),
  };
  equal(bolt11.decodeInvoice(vector.invoice), expected, vector.name);
}

/** 250 000 sats on mainnet, good for a minute. */
const cupOf = (vectors) => vectors.valid[1].invoice;

function payable(bolt11, vectors) {
  const cup = cupOf(vectors);
  const pay = (change, invoice = cup) => bolt11.checkPayable(invoice, { ...PAYMENT, ...change });
  equal(pay({}), bolt11.decodeInvoice(cup), 'an invoice that may be paid');
  equal(pay({ nowSeconds: PAYMENT.nowSeconds + 59 }), bolt11.decodeInvoice(cup), 'in its last second');
  for (const [change, code, invoice] of [
    [{ network: 'regtest' }, 'network_mismatch'],
    [{ amountSats: 1n }, 'amount_mismatch'],
    [{ amountSats: 250_001n }, 'amount_mismatch'],
    [{ amountSats: 2n ** 63n - 1n }, 'amount_mismatch'],
    [{ nowSeconds: PAYMENT.nowSeconds + 60 }, 'invoice_expired'],
    [{}, 'amountless_invoice', vectors.valid[0].invoice],
    [
      { amountSats: 0n },
      'amount_mismatch',
      vectors.own_valid.find(({ amount_msat }) => amount_msat === '1').invoice,
    ],
  ]) {
    equal(
      codeOf(bolt11, () => pay(change, invoice)),
      code,
      `${code} for ${Object.keys(change)}`,
    );
  }
}

function feeCaps(bolt11, { fee_caps: cases }) {
  const read = (digits) => (digits === null ? null : BigInt(digits));
  for (const { amount_msat: amount, fee_sats_max: max, fee_cap_msat: cap } of cases) {
    equal(bolt11.feeCapMsat(BigInt(amount), read(max)), BigInt(cap), `${amount} msat, at most ${max} sats`);
  }
  equal(bolt11.feeCapMsat(1000n), 20_000n, 'nothing set');
  for (const [call, code] of [
    [() => bolt11.feeCapMsat(1000), 'invalid_argument'],
    [() => bolt11.feeCapMsat('1000'), 'invalid_argument'],
    [() => bolt11.feeCapMsat(1000n, 20), 'invalid_argument'],
    [() => bolt11.feeCapMsat(-1n), 'amount_out_of_range'],
    [() => bolt11.feeCapMsat(2n ** 63n), 'amount_out_of_range'],
    [() => bolt11.feeCapMsat(1n, 2n ** 64n + 1n), 'amount_out_of_range'],
  ]) {
    equal(codeOf(bolt11, call), code, String(call));
  }
}

function wrongArguments(bolt11, vectors) {
  const cup = cupOf(vectors);
  const refused = (call, what, code = 'invalid_argument') => equal(codeOf(bolt11, call), code, what);
  for (const invoice of [
    undefined,
    null,
    1,
    1n,
    [cup],
    { toString: () => cup },
    '\ud800',
    new Uint8Array(8),
  ]) {
    refused(() => bolt11.decodeInvoice(invoice), `a ${typeof invoice} for an invoice`);
    refused(() => bolt11.checkPayable(invoice, PAYMENT), `a ${typeof invoice} for an invoice to be paid`);
  }
  for (const payment of [undefined, null, 1, 'mainnet', [PAYMENT]]) {
    refused(() => bolt11.checkPayable(cup, payment), `a ${typeof payment} for a payment`);
  }
  for (const change of [
    { network: undefined },
    { network: 'Mainnet' },
    { network: 'toString' },
    { network: ['mainnet'] },
    { amountSats: 250_000 },
    { amountSats: '250000' },
    { amountSats: undefined },
    { nowSeconds: 1.5 },
    { nowSeconds: -1 },
    { nowSeconds: 1n },
    { nowSeconds: NaN },
  ]) {
    refused(() => bolt11.checkPayable(cup, { ...PAYMENT, ...change }), `another ${Object.keys(change)}`);
  }
  for (const amountSats of [-1n, 2n ** 63n, 2n ** 64n + 250_000n]) {
    const code = 'amount_out_of_range';
    refused(() => bolt11.checkPayable(cup, { ...PAYMENT, amountSats }), `${amountSats} sats`, code);
  }
}
