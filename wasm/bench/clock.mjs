// Times things against each other: in turns, so that a busy moment of the machine hits all of them alike.

const ROUNDS = 9;

/** Microseconds a call, of one run of `count` calls. */
function timed({ prepare, run, count }) {
  const given = prepare?.();
  const start = process.hrtime.bigint();
  for (let index = 0; index < count; index += 1) run(index, given);
  return Number(process.hrtime.bigint() - start) / 1000 / count;
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/**
 * @param contestants by name: `run` is timed, `prepare` makes what it needs anew for each round, `count` how many calls
 * @returns the median of the microseconds a call, by name
 */
export function race(contestants) {
  const times = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [name, contestant] of Object.entries(contestants)) {
      const time = timed(contestant);
      if (round > 0) times[name].push(time); // the first round warms up
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, values]) => [name, median(values)]));
}
