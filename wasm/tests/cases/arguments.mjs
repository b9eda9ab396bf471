// Every argument of every export against values that it does not take: refused, never wrapped or converted.
import { codeOf, equal } from './assert.mjs';

const MAX = 2n ** 63n - 1n;

/** What is tried at each place, with a name for the message. */
const BAD = [
  ['-1n', -1n],
  ['2^63', 2n ** 63n],
  ['2^64', 2n ** 64n],
  ['2^64 + 1000', 2n ** 64n + 1000n],
  ['2^128 + 1', 2n ** 128n + 1n],
  ['-2^64 + 1', -(2n ** 64n) + 1n],
  ['true', true],
  ["'1'", '1'],
  ['1', 1],
  ['1.5', 1.5],
  ['-1', -1],
  ['2^32', 2 ** 32],
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['null', null],
  ['undefined', undefined],
  ['{}', {}],
  ['[]', []],
  ['[1n]', [1n]],
  ['{ valueOf }', { valueOf: () => 1n }],
  ['a function', () => 1n],
  ['a symbol', Symbol('1')],
  ['half a surrogate pair', '\ud800'],
  ['31 bytes', new Uint8Array(31)],
  ['a Date', new Date(0)],
];

const is =
  (...types) =>
  (value) =>
    types.includes(typeof value);
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The kinds of arguments: `takes` says which values of BAD are of the right type, so that only the core may refuse
 * them (or nobody); every other has to be `invalid_argument`, or `bigint` for a bigint.
 */
const KINDS = {
  units: { takes: () => false, bigint: 'amount_out_of_range' },
  u8: { takes: (value) => value === 1 },
  u16: { takes: (value) => value === 1 },
  seconds: { takes: (value) => value === 1 || value === 2 ** 32 },
  digits: { takes: (value) => value === 1 || value === undefined },
  kind: { takes: (value) => value === 1 || value === undefined },
  side: { takes: is('string') },
  text: { takes: (value) => value === '1' },
  optionalText: { takes: (value) => value === '1' || value === null || value === undefined },
  defaultText: { takes: (value) => value === '1' || value === undefined },
  flag: { takes: (value) => value === true || value === undefined },
  event: { takes: isObject },
  record: { takes: () => false },
  secret: { takes: () => false },
  log: { takes: (value) => value instanceof Uint8Array },
  checkpoint: { takes: (value) => value instanceof Uint8Array || value === undefined },
  id: { takes: () => false },
  counter: { takes: (value) => value === undefined, bigint: 'amount_out_of_range' },
  sparse: { takes: (value) => value === undefined },
  optional: { takes: (value) => value === undefined },
};

/** A valid call of every export: how it is called, and what its arguments are. */
export function calls(postfun, secret, event, login) {
  const pool = { reserveA: 100_000_000_000n, reserveB: 65_000_000_000_000n, feeBpsBase: 30, stage: 1 };
  const live = new postfun.Pool(pool);
  const replay = new postfun.Replay();
  const signedHead = { poolId: 1n, seq: 2, head: '', pubkey: '', signature: '' };
  const { challengeId, challenge, domain } = login;
  const made = {
    pubkey: event.pubkey,
    challengeId,
    challenge,
    domain,
    nowSeconds: event.created_at,
    expiresInSeconds: 60,
  };
  return {
    'Pool.quoteExactIn': [(...given) => live.quoteExactIn(...given), ['side', 'AtoB'], ['units', 1000n]],
    'Pool.quoteExactOut': [(...given) => live.quoteExactOut(...given), ['side', 'BtoA'], ['units', 1000n]],
    'Pool.swap': [(...given) => live.swap(...given), ['side', 'AtoB'], ['units', 1000n]],
    Pool: [(input) => new postfun.Pool(input).free(), ['record', pool]],
    minAmountOut: [postfun.minAmountOut, ['units', MAX], ['u16', 50]],
    maxAmountIn: [postfun.maxAmountIn, ['units', 1000n], ['u16', 50]],
    feeBpsText: [postfun.feeBpsText, ['u16', 30], ['u8', 3]],
    priceText: [postfun.priceText, ['units', 1n], ['u8', 6], ['units', MAX], ['u8', 8], ['digits', 7]],
    parseAmount: [postfun.parseAmount, ['text', '1.5'], ['u8', 8]],
    formatAmount: [postfun.formatAmount, ['units', MAX], ['u8', 8]],
    replayLog: [postfun.replayLog, ['log', undefined]],
    Replay: [(bytes) => new postfun.Replay(bytes).free(), ['checkpoint', undefined]],
    'Replay.push': [(bytes) => replay.push(bytes), ['log', new Uint8Array()]],
    verifyHead: [postfun.verifyHead, ['record', signedHead]],
    verifyCheckpoint: [postfun.verifyCheckpoint, ['log', new Uint8Array()], ['text', ''], ['text', '']],
    publicKey: [postfun.publicKey, ['secret', secret]],
    npubEncode: [postfun.npubEncode, ['text', event.pubkey]],
    npubDecode: [postfun.npubDecode, ['text', postfun.npubEncode(event.pubkey)]],
    eventId: [postfun.eventId, ['event', event]],
    verifyEvent: [postfun.verifyEvent, ['event', event]],
    checkEvent: [postfun.checkEvent, ['event', event]],
    signEvent: [postfun.signEvent, ['event', event], ['secret', secret]],
    buildLoginEvent: [postfun.buildLoginEvent, ['record', made]],
    checkLoginEvent: [postfun.checkLoginEvent, ['event', event], ['record', login]],
  };
}

/** The fields of the arguments that are records. */
const FIELDS = {
  Pool: {
    reserveA: 'units',
    reserveB: 'units',
    feeBpsBase: 'u16',
    stage: 'u8',
    volumeA: 'counter',
    volumeB: 'counter',
    feesA: 'counter',
    feesB: 'counter',
    thresholds: 'sparse',
    burns: 'sparse',
  },
  verifyHead: { poolId: 'id', seq: 'seconds', head: 'text', pubkey: 'text', signature: 'text' },
  buildLoginEvent: {
    pubkey: 'text',
    challengeId: 'text',
    challenge: 'text',
    domain: 'text',
    nowSeconds: 'seconds',
    expiresInSeconds: 'seconds',
    kind: 'kind',
    purpose: 'optional',
    key: 'optional',
  },
  checkLoginEvent: {
    challengeId: 'text',
    challenge: 'text',
    boundPubkey: 'optionalText',
    domain: 'text',
    domainRequired: 'flag',
    nowSeconds: 'seconds',
    skewSeconds: 'seconds',
    ttlSeconds: 'seconds',
    url: 'optionalText',
    method: 'defaultText',
    purpose: 'optional',
    key: 'optional',
  },
};

/** Exports that take no argument of this kind, or are tested elsewhere. */
const WITHOUT = ['CoreError', 'generateSecretKey', 'init', 'version'];

/** Tries one value at one place. */
function attempt(postfun, call, kind, [named, value], what) {
  const { takes, bigint } = KINDS[kind];
  const code = codeOf(postfun, () => call(value));
  if (takes(value)) {
    if (code === 'invalid_argument') throw new Error(`${what} = ${named}: refused for its type`);
    return;
  }
  equal(code, typeof value === 'bigint' && bigint ? bigint : 'invalid_argument', `${what} = ${named}`);
}

function attemptEach(postfun, call, kind, what) {
  let tried = 0;
  for (const bad of BAD) {
    attempt(postfun, call, kind, bad, what);
    tried += 1;
  }
  return tried;
}

/** Each argument, and each field of each argument that is a record. Returns how many calls were made. */
function everyArgument(postfun, table) {
  let tried = 0;
  for (const [name, [call, ...parameters]] of Object.entries(table)) {
    for (const [index, [kind]] of parameters.entries()) {
      const given = parameters.map(([, valid]) => valid);
      const at = (value) => call(...given.with(index, value));
      tried += attemptEach(postfun, at, kind, `${name}, argument ${index}`);
    }
    const record = parameters.findIndex(([kind]) => kind === 'record');
    for (const [field, kind] of Object.entries(FIELDS[name] ?? {})) {
      const given = parameters.map(([, valid]) => valid);
      const at = (value) => call(...given.with(record, { ...given[record], [field]: value }));
      tried += attemptEach(postfun, at, kind, `${name}, ${field}`);
    }
  }
  return tried;
}

/** What of BAD is right, though not what was signed, in a field of an event. */
const EVENT_FIELDS = {
  id: () => false,
  pubkey: () => false,
  created_at: (value) => value === 1 || value === 2 ** 32,
  kind: (value) => value === 1,
  tags: (value) => Array.isArray(value) && value.length === 0,
  content: (value) => value === '1',
  sig: () => false,
};

/** Fields of events: nothing wrong is read as something right, and nothing changed verifies. */
function everyEventField(postfun, secret, event) {
  for (const [field, takes] of Object.entries(EVENT_FIELDS)) {
    for (const [named, value] of BAD) {
      const given = { ...event, [field]: value };
      const what = `${field} = ${named}`;
      const isSame = field === 'tags' && takes(value);
      equal(postfun.verifyEvent(given), isSame, `verifying, ${what}`);
      equal(codeOf(postfun, () => postfun.checkEvent(given)) === undefined, isSame, `checking, ${what}`);
      // Signing makes a new id and a new signature, and does not look at those given.
      const isRead = field === 'id' || field === 'sig' || takes(value);
      equal(
        codeOf(postfun, () => postfun.signEvent(given, secret)) === undefined,
        isRead,
        `signing, ${what}`,
      );
    }
  }
}

/**
 * @param memory gives the memory of the WebAssembly module
 * @returns tests as [sentence, function]
 */
export function argumentTests(postfun, memory) {
  const secret = new Uint8Array(32).fill(7);
  const nowSeconds = 1_763_690_000;
  const login = {
    challengeId: 'c1',
    challenge: 'q83v',
    domain: 'postfun',
    nowSeconds,
    skewSeconds: 300,
    ttlSeconds: 600,
  };
  const request = { ...login, pubkey: postfun.publicKey(secret), expiresInSeconds: 600 };
  const event = postfun.signEvent(postfun.buildLoginEvent(request), secret);
  const table = calls(postfun, secret, event, login);
  const valid = () => {
    for (const [name, [call, ...parameters]] of Object.entries(table)) {
      if (name === 'replayLog') continue; // a history is no one-liner; the replay tests make some
      equal(
        codeOf(postfun, () => call(...parameters.map(([, given]) => given))),
        undefined,
        name,
      );
    }
  };
  return [
    [
      'every export has a row in the table',
      () => {
        const methods = ['Pool', 'Replay'].flatMap((name) => {
          const { prototype } = postfun[name];
          const own = Object.getOwnPropertyNames(prototype).filter((method) => method !== 'constructor');
          return own.filter((method) => prototype[method].length > 0).map((method) => `${name}.${method}`);
        });
        const rows = [...Object.keys(postfun).filter((name) => !WITHOUT.includes(name)), ...methods];
        equal(rows.sort(), Object.keys(table).sort(), 'rows');
      },
    ],
    ['the valid call of each row is accepted', valid],
    [
      'no argument is wrapped or converted',
      () => {
        const tried = everyArgument(postfun, table);
        if (tried < 1000) throw new Error(`only ${tried} calls were tried`);
        valid();
      },
    ],
    ['no field of an event is wrapped or converted', () => everyEventField(postfun, secret, event)],
    ['amounts in lists are checked one by one', () => lists(postfun)],
    ['the bounds themselves are taken', () => bounds(postfun)],
    ['refusals cost no memory', () => noLeak(postfun, memory)],
  ];
}

function lists(postfun) {
  const pool = { reserveA: 1000n, reserveB: 1000n, feeBpsBase: 30, stage: 1 };
  const make = (fields) => codeOf(postfun, () => new postfun.Pool({ ...pool, ...fields }).free());
  for (const [field, length] of [
    ['thresholds', 3],
    ['burns', 4],
  ]) {
    for (let index = 0; index < length; index += 1) {
      for (const [named, value] of BAD) {
        if (value === null) continue;
        const expected = typeof value === 'bigint' ? 'amount_out_of_range' : 'invalid_argument';
        equal(
          make({ [field]: Array(length).fill(null).with(index, value) }),
          expected,
          `${field}[${index}] = ${named}`,
        );
      }
    }
    equal(make({ [field]: Array(length - 1).fill(null) }), 'invalid_argument', `${field}, one short`);
    equal(make({ [field]: Array(length + 1).fill(null) }), 'invalid_argument', `${field}, one long`);
    equal(make({ [field]: Array(length) }), 'invalid_argument', `${field}, with holes`);
    equal(make({ [field]: { length } }), 'invalid_argument', `${field}, like a list`);
    equal(make({ [field]: Array(length).fill(null) }), undefined, `${field}, all missing`);
  }
}

function bounds(postfun) {
  equal(postfun.formatAmount(0n, 0), '0', 'the smallest amount');
  equal(postfun.formatAmount(MAX, 0), `${MAX}`, 'the largest amount');
  equal(postfun.parseAmount(`${MAX}`, 0), MAX, 'the largest text');
  equal(postfun.parseAmount('92233720.36854775807', 11), MAX, 'the largest text of 11 decimals');
  equal(
    codeOf(postfun, () => postfun.parseAmount(`${MAX + 1n}`, 0)),
    'amount_out_of_range',
    'one more',
  );
  equal(
    codeOf(postfun, () => postfun.formatAmount(1n, 12)),
    'decimals_out_of_range',
    '12 decimals',
  );
  equal(
    codeOf(postfun, () => postfun.feeBpsText(10_000, 1)),
    'invalid_fee',
    'a fee of everything',
  );
  equal(
    codeOf(postfun, () => postfun.feeBpsText(30, 5)),
    'invalid_stage',
    'a fifth stage',
  );
  equal(
    codeOf(postfun, () => postfun.feeBpsText(30, 0)),
    'invalid_stage',
    'a stage before the first',
  );
  equal(
    codeOf(postfun, () => postfun.minAmountOut(1n, 10_001)),
    'invalid_slippage',
    'more than everything',
  );
  equal(
    codeOf(postfun, () => postfun.priceText(1n, 0, 0n, 0)),
    'amount_in_must_be_positive',
    'a price of nothing',
  );
  equal(
    codeOf(postfun, () => postfun.feeBpsText(65_536, 1)),
    'invalid_argument',
    'beyond 16 bits',
  );
  equal(
    codeOf(postfun, () => postfun.formatAmount(1n, 256)),
    'invalid_argument',
    'beyond 8 bits',
  );
}

function noLeak(postfun, memory) {
  const pool = new postfun.Pool({ reserveA: 1000n, reserveB: 1000n, feeBpsBase: 30, stage: 1 });
  const refuse = () => {
    for (let round = 0; round < 20_000; round += 1) {
      codeOf(postfun, () => pool.quoteExactIn('AtoB', 0n));
      codeOf(postfun, () => postfun.parseAmount('x', 8));
      codeOf(postfun, () => postfun.replayLog(new Uint8Array(64)));
    }
  };
  refuse();
  const before = memory().buffer.byteLength;
  refuse();
  equal(memory().buffer.byteLength, before, 'bytes of memory after 60,000 refusals');
  pool.free();
}
