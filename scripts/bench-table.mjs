// Collects what scripts/bench.sh has measured into BENCHMARKS.json and into the table between the marks in README.md.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

const [folder] = process.argv.slice(2);
const read = (name) => readFileSync(join(folder, name), 'utf8');
const [server, wasm, swaps, sqlite, size, streams] = ['quote', 'wasm', 'swaps', 'sqlite', 'size', 'streams'].map((name) => JSON.parse(read(`${name}.json`)));

/** Both numbers of microseconds and the ratio in the native benchmark's line. */
function native() {
  const [, ours, theirs, ratio] = /postfun-core ([\d.]+) us, libsecp256k1 ([\d.]+) us, ratio ([\d.]+)/.exec(read('native.txt'));
  return { ours: `${ours} µs`, theirs: `${theirs} µs`, ratio: Number(ratio) };
}

/** The files of the npm package that are loaded with the first invoice, as wasm/tests/package.test.mjs weighs them too. */
const LAZY = /bolt11/;

/** Some files of the npm package as they are shipped: one gzipped archive. */
function packageBytes(dir, isWeighed) {
  const packed = execFileSync('npm', ['pack', '--dry-run', '--json'], { cwd: dir, encoding: 'utf8' });
  const [{ files }] = Object.values(JSON.parse(packed));
  const weighed = files.map(({ path }) => path).filter(isWeighed);
  return execFileSync('tar', ['-czf', '-', '-C', dir, ...weighed]).length;
}

const kilobytes = (isWeighed) => Math.round(packageBytes('wasm/pkg', isWeighed) / 100) / 10;
const times = (value) => `${value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2)} ×`;
const rate = (value) => `${Math.round(value).toLocaleString('en')}/s`;
const most = (value, target, unit) => ({ value: `${value} ${unit}`, target: `≤ ${target} ${unit}`, met: value <= target });
const least = (value, target, shown) => ({ value: shown(value), target: `≥ ${shown(target)}`, met: value >= target });
const micro = (value) => (value === undefined ? undefined : `${Number(value.toPrecision(3))} µs`);

function wasmRow({ name, unit, value, target, us, us_peer: peer }) {
  const figures = least(value, target, unit === 'times' ? times : rate);
  // What is counted by the second has no time of its own.
  return { what: `wasm: ${name}`, ...figures, ...(peer && { ours: micro(us), theirs: micro(peer) }) };
}

/** Swaps of one pool on PostgreSQL with default durability, with as many clients as pgbench has. */
const SWAP_TARGETS = { 8: { engine: 0.8, http: 0.6 }, 64: { engine: 2.5, http: 1.5 } };
function swapRows({ clients, engine_ratio, http_ratio, engine, http, pgbench_per_second: peer }) {
  const against = `against pgbench TPC-B (-s 64 -M prepared), ${clients} clients`;
  const row = (what, value, target, ours) => ({
    what: `${what}, ${against}`, ...least(value, target, times), ours: rate(ours.per_second), theirs: rate(peer),
  });
  return [
    row('swaps of one pool on PostgreSQL, in process', engine_ratio, SWAP_TARGETS[clients].engine, engine),
    row('the same over HTTP, signed in', http_ratio, SWAP_TARGETS[clients].http, http),
  ];
}

const verify = native();
const rows = [
  ...wasm.results.map(wasmRow),
  { what: 'wasm: what every page loads, gzipped', ...most(kilobytes((path) => !LAZY.test(path)), 100, 'kB') },
  { what: 'wasm: what the first invoice loads, gzipped', ...most(kilobytes((path) => LAZY.test(path)), 60, 'kB') },
  { what: 'native: Schnorr verification, against C libsecp256k1', ...least(verify.ratio, 0.6, times), ...verify },
  {
    what: `server: POST /api/amm/quote, against a bare axum handler, ${server.connections} connections`,
    ...least(server.quote_ratio, 0.7, times),
    ours: rate(server.quote.per_second),
    theirs: rate(server.bare_axum_handler.per_second),
  },
  ...swaps.clients.flatMap(swapRows),
  {
    what: `swaps on SQLite (WAL, synchronous=FULL), against a commit for each, ${sqlite.clients} clients`,
    ...least(sqlite.ratio, 8, times),
    ours: rate(sqlite.queue.per_second),
    theirs: rate(sqlite.one_by_one.per_second),
  },
  {
    what: `p99 of a swap with 10^6 trades and 10^5 users on PostgreSQL, against an empty database, ${size.clients} clients`,
    ...least(-size.p99_ratio, -1.3, (value) => times(-value)),
    target: '≤ 1.30 ×',
    ours: `${size.large.p99_ms} ms`,
    theirs: `${size.empty.p99_ms} ms`,
  },
  { what: `streams: ${streams.readers.toLocaleString('en')} idle readers`, ...most(streams.mib, 60, 'MiB') },
  { what: 'streams: a trade has reached them all, median', ...most(streams.all_after_ms, 200, 'ms') },
  { what: 'server: memory when idle', ...most(server.idle_mib, 40, 'MiB') },
  { what: 'server: start to first answer', ...most(server.start_ms, 300, 'ms') },
  { what: 'server: first start, which makes the database', ...most(server.first_start_ms, 300, 'ms') },
];

const git = (...words) => execFileSync('git', words, { encoding: 'utf8' }).trim();
const machine = `${cpus().length} cores of ${cpus()[0]?.model.trim() ?? 'an unknown processor'}, Node ${process.version}`;
const date = new Date().toISOString().slice(0, 10);
const commit = git('rev-parse', '--short', 'HEAD');

const cell = (text) => text ?? '';
const table = [
  `Measured on ${date} at commit ${commit}: ${machine}; server, peer and load share the cores.`,
  '',
  '| What | Measured | Target | | Ours | Peer |',
  '|---|--:|--:|---|--:|--:|',
  ...rows.map((r) => `| ${r.what} | ${r.value} | ${r.target} | ${r.met ? 'met' : '**missed**'} | ${cell(r.ours)} | ${cell(r.theirs)} |`),
].join('\n');

writeFileSync('BENCHMARKS.json', `${JSON.stringify({ date, commit, machine, rows, server, swaps, sqlite, size, streams, wasm: wasm.results }, null, 2)}\n`);
const [start, end] = ['<!-- benchmarks: written by make bench -->', '<!-- end of benchmarks -->'];
const readme = readFileSync('README.md', 'utf8');
const [before, after] = [readme.indexOf(start), readme.indexOf(end)];
if (before < 0 || after < before) throw new Error('README.md has lost the marks around its benchmark table');
writeFileSync('README.md', `${readme.slice(0, before)}${start}\n${table}\n${readme.slice(after)}`);
console.log(table);
