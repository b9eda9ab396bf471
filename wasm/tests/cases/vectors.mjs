// The shared vectors (tests/vectors), which the Rust tests of core read too.
import { bytesOf, codeOf, equal, hexOf } from './assert.mjs';

/** The files that `vectorTests` wants, without their ending. */
export const FILES = [
  'amm_quotes',
  'amm_swaps',
  'bip340',
  'challenge_data',
  'login',
  'login_build',
  'nip01',
  'nip01_refused',
  'nip01_spellings',
  'nip19',
  'pool_heads',
];

/**
 * @param postfun the public module
 * @param raw the generated module behind it, for what has no public call: bare signatures, JSON as it came
 * @param files the parsed files by name
 * @returns tests as [sentence, function]
 */
export function vectorTests(postfun, raw, files) {
  const each = (file, run) => () => {
    const { cases } = files[file];
    if (cases.length === 0) throw new Error(`${file} has no cases`);
    for (const vector of cases) run(vector, vector.name ?? `${file} ${vector.index}`);
  };
  return [
    ['quotes are those of the vectors', each('amm_quotes', (vector, name) => quote(postfun, vector, name))],
    [
      'swaps, stages and burns are those of the vectors',
      each('amm_swaps', (v, name) => swaps(postfun, v, name)),
    ],
    [
      'BIP-340 signatures verify or not as the standard says',
      each('bip340', (v, name) => verify(postfun, raw, v, name)),
    ],
    [
      'BIP-340 signatures are made as the standard says',
      each('bip340', (vector, name) => sign(raw, vector, name)),
    ],
    [
      'events have the ids and signatures of the vectors',
      each('nip01', (v, name) => event(postfun, raw, v, name)),
    ],
    [
      'other spellings are the same event',
      each('nip01_spellings', (v, name) => spelling(postfun, raw, v, name)),
    ],
    [
      'wrong events are refused with their reason',
      each('nip01_refused', (v, name) => refused(postfun, raw, v, name)),
    ],
    [
      'heads are signed, or not, as the vectors say',
      each('pool_heads', (vector, name) => head(postfun, raw, vector, name)),
    ],
    ['npubs are read and written, or refused', each('nip19', (vector, name) => npub(postfun, vector, name))],
    ['sign-ins pass, or are refused with their reason', each('login', (v, name) => login(postfun, v, name))],
    [
      'hashes of what a challenge is about are those of the vectors',
      each('challenge_data', (v, name) => challengeData(postfun, v, name)),
    ],
    [
      'sign-in events are built as the vectors say',
      each('login_build', (v, name) => loginBuild(postfun, v, name)),
    ],
  ];
}

function quote(postfun, vector, name) {
  const pool = new postfun.Pool({
    reserveA: BigInt(vector.reserve_a),
    reserveB: BigInt(vector.reserve_b),
    feeBpsBase: vector.fee_bps_base,
    stage: vector.stage,
  });
  const method = vector.kind === 'exact_in' ? 'quoteExactIn' : 'quoteExactOut';
  const ask = () => pool[method](vector.side, BigInt(vector.amount));
  const { expect } = vector;
  equal(codeOf(postfun, ask), expect.error, name);
  if (expect.error === undefined) {
    const expected = {
      side: vector.side,
      stage: vector.stage,
      amountIn: BigInt(expect.amount_in),
      fee: BigInt(expect.fee),
      effectiveIn: BigInt(expect.effective_in),
      amountOut: BigInt(expect.amount_out),
      priceImpactPpm: expect.price_impact_ppm,
      reserveInAfter: BigInt(expect.reserve_in_after),
      reserveOutAfter: BigInt(expect.reserve_out_after),
    };
    equal(ask(), expected, name);
  }
  pool.free();
}

const optional = (text) => (text === null ? null : BigInt(text));

function swaps(postfun, { pool: params, swaps: steps, end }, name) {
  const pool = new postfun.Pool({
    reserveA: BigInt(params.reserve_a),
    reserveB: BigInt(params.reserve_b),
    feeBpsBase: params.fee_bps_base,
    stage: 1,
    thresholds: params.thresholds.map(optional),
    burns: params.burns.map(optional),
  });
  for (const [index, step] of steps.entries()) {
    const what = `${name}, swap ${index}`;
    const before = pool.state();
    if (step.error !== undefined) {
      equal(
        codeOf(postfun, () => pool.swap(step.side, BigInt(step.amount_in))),
        step.error,
        what,
      );
      equal(pool.state(), before, `${what} changes nothing`);
      continue;
    }
    const swap = pool.swap(step.side, BigInt(step.amount_in));
    equal(swap.quote.fee, BigInt(step.fee), what);
    equal(swap.quote.amountOut, BigInt(step.amount_out), what);
    equal(swap.stageAfter, step.stage_after, what);
    equal(
      swap.burns,
      step.burns.map(([stage, amount]) => ({ stage, amount: BigInt(amount) })),
      what,
    );
  }
  const state = pool.state();
  equal(state.stage, end.stage, name);
  for (const [field, key] of Object.entries({
    reserveA: 'reserve_a',
    reserveB: 'reserve_b',
    volumeA: 'volume_a',
    volumeB: 'volume_b',
    feesA: 'fees_a',
    feesB: 'fees_b',
  })) {
    equal(state[field], BigInt(end[key]), `${name}, ${key}`);
  }
  equal(new postfun.Pool(state).state(), state, `${name}, brought back`);
}

function verify(postfun, raw, vector, name) {
  const code = codeOf(postfun, () =>
    raw.schnorrVerify(bytesOf(vector.public_key), bytesOf(vector.message), bytesOf(vector.signature)),
  );
  equal(code === undefined, vector.valid, name);
}

function sign(raw, vector, name) {
  if (vector.secret_key === '' || vector.secret_key === null || vector.secret_key === undefined) return;
  const secret = bytesOf(vector.secret_key);
  equal(raw.publicKey(secret.slice()), vector.public_key, name);
  const signature = raw.schnorrSign(secret, bytesOf(vector.message), bytesOf(vector.aux_rand));
  equal(hexOf(signature), vector.signature, name);
  equal(secret, new Uint8Array(32), `${name}: the copy of the secret is wiped`);
}

function head(postfun, raw, vector, name) {
  const { pool_id, seq, hash, pubkey = vector.public_key, signature } = vector;
  const signed = { poolId: BigInt(pool_id), seq: Number(seq), head: hash, pubkey, signature };
  equal(postfun.verifyHead(signed), vector.valid, name);
  for (const field of ['head', 'pubkey', 'signature']) {
    equal(postfun.verifyHead({ ...signed, [field]: signed[field].slice(1) }), false, `${name}, ${field} cut`);
    equal(
      postfun.verifyHead({ ...signed, [field]: `${signed[field].slice(1)}g` }),
      false,
      `${name}, ${field}`,
    );
  }
  if (vector.valid)
    equal(
      hexOf(raw.schnorrSign(bytesOf(vector.secret_key), bytesOf(vector.digest), new Uint8Array(32))),
      signature,
      name,
    );
}

function event(postfun, raw, vector, name) {
  equal(postfun.eventId(vector.event), vector.event.id, name);
  equal(postfun.verifyEvent(vector.event), true, name);
  equal(
    codeOf(postfun, () => postfun.checkEvent(vector.event)),
    undefined,
    name,
  );
  const secret = bytesOf(vector.secret_key);
  equal(postfun.publicKey(secret), vector.event.pubkey, name);
  const json = raw.signEvent(JSON.stringify(vector.event), secret.slice(), bytesOf(vector.aux));
  const { id, pubkey, created_at, kind, tags, content, sig } = vector.event;
  equal(JSON.parse(json), { id, pubkey, created_at, kind, tags, content, sig }, name);
  const fresh = postfun.signEvent(vector.event, secret);
  equal(fresh.id, vector.event.id, name);
  equal(postfun.verifyEvent(fresh), true, `${name}: signed with fresh randomness`);
}

function spelling(postfun, raw, vector, name) {
  equal(
    codeOf(postfun, () => raw.checkEvent(vector.json)),
    undefined,
    name,
  );
  equal(raw.eventId(vector.json), vector.event.id, name);
  equal(postfun.verifyEvent(JSON.parse(vector.json)), true, name);
}

function refused(postfun, raw, vector, name) {
  equal(
    codeOf(postfun, () => raw.checkEvent(vector.json)),
    vector.code,
    name,
  );
  equal(raw.verifyEvent(vector.json), false, name);
}

function npub(postfun, vector, name) {
  equal(
    codeOf(postfun, () => postfun.npubDecode(vector.npub)),
    vector.code ?? undefined,
    name,
  );
  if (vector.code === null) {
    equal(postfun.npubDecode(vector.npub), vector.public_key, name);
    equal(postfun.npubEncode(vector.public_key), vector.canonical, name);
  }
}

function login(postfun, vector, name) {
  const { expected } = vector;
  const code = codeOf(postfun, () =>
    postfun.checkLoginEvent(vector.event, {
      challengeId: expected.challenge_id,
      challenge: expected.challenge,
      boundPubkey: expected.bound_pubkey,
      domain: expected.domain,
      domainRequired: expected.domain_required,
      nowSeconds: expected.now_s,
      skewSeconds: expected.skew_s,
      ttlSeconds: expected.ttl_s,
      url: expected.url,
      method: expected.method,
      ...purposeOf(expected),
    }),
  );
  equal(code, vector.code ?? undefined, name);
}

function purposeOf({ purpose, user_id: userId, key_kind: kind, subject }) {
  return purpose === undefined ? {} : { purpose, key: { userId, kind, subject } };
}

function challengeData(postfun, vector, name) {
  const made = { pubkey: '0'.repeat(64), challengeId: '', challenge: '', domain: '' };
  const times = { nowSeconds: 0, expiresInSeconds: 0 };
  const { content } = postfun.buildLoginEvent({ ...made, ...times, ...purposeOf(vector) });
  equal(JSON.parse(content).data, vector.data, name);
}

function loginBuild(postfun, { request, unsigned, id }, name) {
  const built = postfun.buildLoginEvent({
    pubkey: request.pubkey,
    challengeId: request.challenge_id,
    challenge: request.challenge,
    domain: request.domain,
    nowSeconds: request.now_s,
    expiresInSeconds: request.expires_in_s,
    kind: request.kind,
    ...purposeOf(request),
  });
  equal(built, unsigned, name);
  equal(postfun.eventId(built), id, name);
}
