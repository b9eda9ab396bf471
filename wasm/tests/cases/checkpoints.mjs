// Histories that are replayed in pieces and from checkpoints, against the shared vectors.
import { bytesOf, codeOf, equal } from './assert.mjs';

export function checkpointTests(postfun, { public_key: pubkey, cases, refused }) {
  if (cases.length === 0 || refused.length === 0) throw new Error('pool_checkpoints has no cases');
  return [
    ['checkpoints are those of the vectors', () => cases.forEach((vector) => made(postfun, vector))],
    [
      'a checkpoint and what follows it is the whole history',
      () => cases.forEach((vector) => resumed(postfun, vector)),
    ],
    [
      'checkpoints are signed as the vectors say',
      () => cases.forEach((vector) => signed(postfun, pubkey, vector)),
    ],
    [
      'what is no checkpoint is refused as the vectors say',
      () => {
        for (const { name, bytes, code } of refused)
          equal(
            codeOf(postfun, () => new postfun.Replay(bytesOf(bytes))),
            code,
            name,
          );
      },
    ],
    ['a replay that was freed is refused', () => freed(postfun)],
    ['a history that does not follow the checkpoint is refused', () => unrelated(postfun, cases)],
  ];
}

/** A summary as the vectors have it. */
function stateOf({ seq, head, swaps, burned, pool }) {
  const { stage, reserveA, reserveB, volumeA, volumeB, feesA, feesB } = pool;
  const amounts = { burned, reserve_a: reserveA, reserve_b: reserveB, volume_a: volumeA, volume_b: volumeB };
  Object.assign(amounts, { fees_a: feesA, fees_b: feesB });
  const texts = Object.entries(amounts).map(([key, amount]) => [key, amount.toString()]);
  return sorted({ seq, head, swaps, stage, ...Object.fromEntries(texts) });
}

const sorted = (object) => Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Where the record behind an event begins. */
function endOf(log, seq) {
  let at = 0;
  for (let index = 0; index < seq; index += 1) at += 34 + log[at] * 256 + log[at + 1];
  return at;
}

function made(postfun, { name, log: hex, checkpoints, end }) {
  const log = bytesOf(hex);
  const replay = new postfun.Replay();
  let from = 0;
  for (const { bytes, state } of checkpoints) {
    const to = endOf(log, state.seq);
    replay.push(log.subarray(from, to));
    equal(replay.checkpoint(), bytesOf(bytes), `${name}, event ${state.seq}`);
    equal(stateOf(replay.summary()), sorted(state), `${name}, event ${state.seq}`);
    from = to;
  }
  replay.push(log.subarray(from));
  equal(stateOf(replay.summary()), sorted(end), name);
  replay.free();
}

function resumed(postfun, { name, log: hex, checkpoints }) {
  const log = bytesOf(hex);
  const whole = postfun.replayLog(log);
  for (const { bytes, state } of checkpoints) {
    const replay = new postfun.Replay(bytesOf(bytes));
    equal(replay.checkpoint(), bytesOf(bytes), `${name}, event ${state.seq}`);
    // Cut anywhere: a record is only replayed when it is whole.
    const rest = log.subarray(endOf(log, state.seq));
    for (let at = 0; at < rest.length; at += 7) replay.push(rest.subarray(at, at + 7));
    equal(replay.summary(), whole, `${name}, event ${state.seq}`);
    replay.push(Uint8Array.of(0));
    equal(
      codeOf(postfun, () => replay.summary()),
      'replay_truncated',
      name,
    );
    replay.free();
  }
}

function signed(postfun, pubkey, { name, checkpoints }) {
  for (const { bytes, signature } of checkpoints) {
    const checkpoint = bytesOf(bytes);
    equal(postfun.verifyCheckpoint(checkpoint, pubkey, signature), true, name);
    checkpoint[checkpoint.length - 1] ^= 1;
    equal(postfun.verifyCheckpoint(checkpoint, pubkey, signature), false, `${name}, a bit changed`);
    equal(postfun.verifyCheckpoint(checkpoint, pubkey, signature.slice(2)), false, `${name}, cut`);
  }
}

function freed(postfun) {
  const replay = new postfun.Replay();
  equal(
    codeOf(postfun, () => replay.summary()),
    'replay_empty',
    'nothing came',
  );
  replay.free();
  replay.free();
  for (const call of [() => replay.push(new Uint8Array()), () => replay.summary(), () => replay.checkpoint()])
    equal(codeOf(postfun, call), 'replay_freed', 'freed');
}

function unrelated(postfun, [one, other]) {
  const { bytes, state } = other.checkpoints[0];
  const log = bytesOf(one.log);
  const replay = new postfun.Replay(bytesOf(bytes));
  const next = log.subarray(endOf(log, state.seq));
  try {
    replay.push(next);
    throw new Error('it was taken');
  } catch (error) {
    equal([error.code, error.seq], ['replay_hash_mismatch', state.seq + 1], 'another history');
  } finally {
    replay.free();
  }
}
