/** The drawings: where the price has been, and where the swap that is typed would move it. */
import type { JSX } from 'preact';
import { CurveChart } from '../charts/curve-chart';
import { PriceChart } from '../charts/price-chart';
import { core } from '../state/core';
import { pool } from '../state/pools';
import { Window } from '../ui/window';

export function ChartsWindow(): JSX.Element {
  const view = pool.value;
  return (
    <Window id="charts" title="Charts" icon="chart">
      {view === null || core.value.phase !== 'ready' ? (
        <p class="muted">Waiting for the pool.</p>
      ) : (
        <>
          <h3>Price</h3>
          <PriceChart view={view} />
          <h3>Curve</h3>
          <CurveChart view={view} />
        </>
      )}
    </Window>
  );
}
