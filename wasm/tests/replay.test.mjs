import test from 'node:test';

import * as postfun from '../pkg/index.js';
import { replayTests } from './cases/replay.mjs';

await postfun.init();

for (const [sentence, run] of replayTests(postfun)) test(sentence, run);
