/** The line on which the pool moves, with the swap that is typed. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { priceText } from 'postfun';
import type uPlot from 'uplot';
import type { PoolView } from '../api/model';
import { outcome } from '../state/draft';
import { amount } from '../ui/amount';
import { group, NBSP } from '../ui/format';
import type { Colours, Options } from './plot';
import { axis, Plot, sideAxis } from './plot';
import type { Place } from './prices';
import { curveOf, placeAfter } from './prices';

export function CurveChart({ view }: { view: PoolView }): JSX.Element {
  const current = outcome.value;
  const after = current.kind === 'quoted' && current.pool.id === view.id ? placeAfter(current.quote) : null;
  const data = useMemo<uPlot.AlignedData>(() => {
    const { xs, line, path, now, after: then } = curveOf(view, after);
    return [xs, line, path, now, then];
  }, [view, after?.a, after?.b]);
  const options = useMemo(() => optionsOf(view.a.symbol, view.b.symbol), [view.a.symbol, view.b.symbol]);
  const words = curveText(view, after);
  return (
    <figure id="curve-chart">
      <Plot label={words} data={data} options={options} />
      <figcaption>{words}</figcaption>
    </figure>
  );
}

function optionsOf(symbolA: string, symbolB: string) {
  return (colours: Colours): Options => {
    const dot = { show: true, size: 11 };
    return {
      legend: { show: false },
      cursor: { show: false },
      // A line between pixels is smooth.
      pxAlign: 0,
      scales: { x: { time: false } },
      axes: [
        axis(colours, `${symbolA} in the pool`, { size: 28 }),
        sideAxis(colours, `${symbolB} in the pool`),
      ],
      series: [
        {},
        { stroke: colours.line, width: 2, points: { show: false } },
        { stroke: colours.mark, width: 4, points: { show: false } },
        { stroke: colours.line, points: { ...dot, fill: colours.line } },
        { stroke: colours.mark, points: { ...dot, fill: colours.mark } },
      ],
    };
  };
}

function curveText(view: PoolView, after: Place | null): string {
  const now: Place = { a: view.reserveA, b: view.reserveB };
  if (after === null)
    return `The pool holds ${held(view, now)}. Every swap moves it along this line; type an amount to see yours.`;
  return `Your swap would move the pool from ${held(view, now)} to ${held(view, after)}: 1${NBSP}${view.a.symbol} would then cost ${price(view, after)}${NBSP}${view.b.symbol} instead of ${price(view, now)}.`;
}

const held = ({ a, b }: PoolView, place: Place): string => `${amount(place.a, a)} and ${amount(place.b, b)}`;

const price = ({ a, b }: PoolView, place: Place): string =>
  group(priceText(place.b, b.decimals, place.a, a.decimals, 8));
