import test from 'node:test';

import * as postfun from '../pkg/index.js';
import * as raw from '../pkg/postfun.js';
import { vectorTests } from './cases/vectors.mjs';
import { vectorFiles } from './node.mjs';

await postfun.init();

for (const [sentence, run] of vectorTests(postfun, raw, vectorFiles())) test(sentence, run);
