// Puts the figures that the drills have printed into the table between the marks in README.md.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

const [output] = process.argv.slice(2);
const text = readFileSync(output, 'utf8');
const rowsOf = (mark) => [...text.matchAll(new RegExp(`${mark}: (\\|.*\\|)$`, 'gm'))].map(([, row]) => row).sort();
const [faults, crowds] = [rowsOf('drill'), rowsOf('crowd')];
if (faults.length === 0 || crowds.length === 0) throw new Error('not every drill has printed its figures');

const git = (...words) => execFileSync('git', words, { encoding: 'utf8' }).trim();
const date = new Date().toISOString().slice(0, 10);
const table = [
  `Run on ${date} at commit ${git('rev-parse', '--short', 'HEAD')}: ${cpus().length} cores of ${cpus()[0]?.model.trim() ?? 'an unknown processor'}, the server unoptimised.`,
  '',
  '| Drill | Engine | Faults | Answered | asked again | of these done before | Seconds |',
  '|---|---|---|--:|--:|--:|--:|',
  ...faults,
  '',
  '| People at once | Engine | Seconds | Calls | of these writes | Calls/s | Reads, p50 / p99 | Writes, p50 / p99 | Memory, early → late |',
  '|--:|---|--:|--:|--:|--:|--:|--:|--:|',
  ...crowds,
].join('\n');

const [start, end] = ['<!-- drills: written by make drill -->', '<!-- end of drills -->'];
const readme = readFileSync('README.md', 'utf8');
const [before, after] = [readme.indexOf(start), readme.indexOf(end)];
if (before < 0 || after < before) throw new Error('README.md has lost the marks around its table of drills');
writeFileSync('README.md', `${readme.slice(0, before)}${start}\n${table}\n${readme.slice(after)}`);
console.log(table);
