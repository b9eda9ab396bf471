import test from 'node:test';

import * as postfun from '../pkg/index.js';
import { memory } from '../pkg/load.js';
import { argumentTests } from './cases/arguments.mjs';

await postfun.init();

for (const [sentence, run] of argumentTests(postfun, memory)) test(sentence, run);
