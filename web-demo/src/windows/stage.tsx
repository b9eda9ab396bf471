/** The stage of a pool, and what the next one brings. */
import type { JSX } from 'preact';
import { feeBpsText } from 'postfun';
import type { PoolView } from '../api/model';
import { amount } from '../ui/amount';
import { NBSP } from '../ui/format';

const PERMILLE = 1000n;

/** How far the pool is on the way to its next stage; `id` tells several of them apart. */
export function StageProgress({ id, view }: { id: string; view: PoolView }): JSX.Element {
  const next = nextThreshold(view);
  if (next === null) {
    return (
      <p>
        Stage <strong>{view.stage}</strong> of 4. No further stage is set, so the fee stays.
      </p>
    );
  }
  const { stage, threshold } = next;
  const permille = Number((view.volumeA * PERMILLE) / threshold);
  return (
    <div class="stage">
      <label for={`${id}-progress`}>
        Stage <strong>{view.stage}</strong> of 4. Stage {stage} begins at {amount(threshold, view.a)} of
        volume: fee {feeBpsText(view.feeBpsBase, stage)}
        {NBSP}bps{burnText(view, stage)}.
      </label>
      <progress id={`${id}-progress`} max={1000} value={Math.min(1000, permille)} />
    </div>
  );
}

function burnText({ burnToken, burnSchedule }: PoolView, stage: number): string {
  const step = burnSchedule.find((one) => one.stage === stage);
  return step === undefined || burnToken === null ? '' : `, ${amount(step.amount, burnToken)} burned`;
}

/** The next threshold that is set, and the stage that begins there. */
function nextThreshold({ stage, thresholds }: PoolView): { stage: number; threshold: bigint } | null {
  for (const [index, threshold] of thresholds.entries()) {
    if (index + 1 >= stage && threshold !== null) return { stage: index + 2, threshold };
  }
  return null;
}
