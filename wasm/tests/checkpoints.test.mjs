import test from 'node:test';

import * as postfun from '../pkg/index.js';
import { checkpointTests } from './cases/checkpoints.mjs';
import { vectorFile } from './node.mjs';

await postfun.init();

for (const [sentence, run] of checkpointTests(postfun, vectorFile('pool_checkpoints'))) test(sentence, run);
