import { everything } from './everything.mjs';

everything().then(
  (outcome) => postMessage(outcome),
  (error) => postMessage({ passed: [], failed: [String(error.stack ?? error)] }),
);
