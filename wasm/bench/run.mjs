// Measures the package against its peers: node bench/run.mjs [--only signatures|quotes|replays] [--json FILE]
//
// Ratios are of times taken in one run, in turns. The exit is not zero when a guard is broken: then the package was
// built without the flag that makes signatures fast.
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';

import { init, version } from '../pkg/index.js';

const { values: options } = parseArgs({ options: { only: { type: 'string' }, json: { type: 'string' } } });

/** Loaded only when wanted, because each brings its peers along. */
const GROUPS = {
  signatures: async () => (await import('./signatures.mjs')).signatures(),
  quotes: async () => (await import('./quotes.mjs')).quotes(),
  replays: async () => (await import('./replays.mjs')).replays(),
};

const wanted = options.only === undefined ? Object.keys(GROUPS) : [options.only];
if (!wanted.every((group) => group in GROUPS)) {
  console.error(`--only takes one of: ${Object.keys(GROUPS).join(', ')}`);
  process.exit(2);
}

function shown({ name, unit, value, target, us, us_peer }) {
  const figure = unit === 'times' ? `${value.toFixed(2)} x` : `${Math.round(value).toLocaleString('en')}/s`;
  const goal = unit === 'times' ? `${target} x` : `${target.toLocaleString('en')}/s`;
  const times = us_peer === undefined ? '' : `${us.toPrecision(4)} µs against ${us_peer.toPrecision(4)} µs`;
  return `${name.padEnd(44)} ${figure.padStart(12)}  target ${goal.padEnd(10)} ${value >= target ? 'met   ' : 'MISSED'}  ${times}`;
}

await init();
const results = [];
for (const group of wanted) {
  for (const result of await GROUPS[group]()) {
    results.push(result);
    console.log(shown(result));
  }
}

if (options.json !== undefined) {
  const { version: number, commit } = version();
  const machine = { cores: cpus().length, model: cpus()[0]?.model ?? 'unknown', node: process.version };
  const report = { date: new Date().toISOString(), version: number, commit, machine, results };
  writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
}

const broken = results.filter(({ guard, value }) => guard !== undefined && value < guard);
for (const { name, guard } of broken) console.error(`${name}: below ${guard}, the flag cpubits="32" is lost`);
process.exitCode = broken.length === 0 ? 0 : 1;
