import assert from 'node:assert/strict';
import test from 'node:test';

import * as postfun from '../pkg/index.js';
import { agreement } from './cases/agreement.mjs';
import { vectorFile } from './node.mjs';

await postfun.init();

test('a million random swaps give the digest of the server', async () => {
  const file = vectorFile('agreement');
  const { pools, ...expected } = file.long;
  assert.deepEqual(await agreement(postfun, file, pools), expected);
  assert.ok(expected.accepted >= 1_000_000);
});
