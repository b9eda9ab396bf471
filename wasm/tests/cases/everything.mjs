// Everything that is tested in every environment, as one list. A page and a worker import this file.
import { agreement } from './agreement.mjs';
import { argumentTests } from './arguments.mjs';
import { equal } from './assert.mjs';
import { bolt11Tests, FILE as INVOICES } from './bolt11.mjs';
import { checkpointTests } from './checkpoints.mjs';
import { replayTests } from './replay.mjs';
import { FILES, vectorTests } from './vectors.mjs';

/** Runs all tests and returns the sentences that passed and those that failed, with the reason. */
export async function everything() {
  const at = (path) => new URL(`../../${path}`, import.meta.url);
  const postfun = await import(at('pkg/index.js'));
  const raw = await import(at('pkg/postfun.js'));
  const { memory } = await import(at('pkg/load.js'));
  const bolt11 = await import(at('pkg/bolt11.js'));
  const vectors = async (name) => (await fetch(at(`../tests/vectors/${name}.json`))).json();
  await Promise.all([postfun.init(), bolt11.init()]);
  const files = Object.fromEntries(await Promise.all(FILES.map(async (name) => [name, await vectors(name)])));
  const swaps = await vectors('agreement');
  const { pools, ...expected } = swaps.short;
  const tests = [
    ...vectorTests(postfun, raw, files),
    ...argumentTests(postfun, memory),
    ...replayTests(postfun),
    ...bolt11Tests(bolt11, await vectors(INVOICES)),
    ...checkpointTests(postfun, await vectors('pool_checkpoints')),
    [
      'random swaps give the digest of the server',
      async () => equal(await agreement(postfun, swaps, pools), expected, 'digest'),
    ],
  ];
  const outcome = { passed: [], failed: [] };
  for (const [sentence, run] of tests) {
    try {
      await run();
      outcome.passed.push(sentence);
    } catch (error) {
      outcome.failed.push(`${sentence}: ${error.stack ?? error}`);
    }
  }
  return outcome;
}
