/** The price after each of the latest trades. */
import type { JSX } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import { priceText } from 'postfun';
import type uPlot from 'uplot';
import type { PoolView } from '../api/model';
import { trades } from '../state/pools';
import { travel } from '../state/proof';
import { clockTime, group, NBSP } from '../ui/format';
import type { Colours, Options } from './plot';
import { axis, Plot, sideAxis } from './plot';
import type { PricePoint } from './prices';
import { priceOf, pricePoints } from './prices';

export function PriceChart({ view }: { view: PoolView }): JSX.Element {
  const points = useLatest(view, pricePoints(view, trades.value.value ?? []));
  if (points.length < 2) return <p class="muted">The price is drawn from the first swap on.</p>;
  return <Drawing view={view} points={points} />;
}

/** The points, or the last ones of the same pool while new ones are on their way. */
function useLatest(view: PoolView, points: PricePoint[] | null): PricePoint[] {
  const last = useRef({ id: view.id, points: points ?? [] });
  if (points !== null || last.current.id !== view.id) last.current = { id: view.id, points: points ?? [] };
  return last.current.points;
}

function Drawing({ view, points }: { view: PoolView; points: PricePoint[] }): JSX.Element {
  const [hovered, setHovered] = useState<number | null>(null);
  const looked = travel.value.phase === 'ready' ? travel.value.moment.event.seq : null;
  const [first, last] = [points[0]?.seq, points.at(-1)?.seq];
  const data = useMemo<uPlot.AlignedData>(
    () => [
      points.map(({ seq }) => seq),
      points.map((point) => priceOf(point, view)),
      points.map((point) => (point.seq === looked ? priceOf(point, view) : null)),
    ],
    [first, last, looked, view.id],
  );
  const unit = `${view.b.symbol} for 1${NBSP}${view.a.symbol}`;
  const options = useMemo(() => optionsOf(unit, setHovered), [unit]);
  const point = hovered === null ? undefined : points[hovered];
  const words = summary(view, points);
  return (
    <figure id="price-chart">
      <Plot label={words} data={data} options={options} />
      <figcaption>{point === undefined ? words : pointText(view, point)}</figcaption>
    </figure>
  );
}

function optionsOf(unit: string, hover: (index: number | null) => void) {
  return (colours: Colours, { paths }: typeof uPlot): Options => {
    // Each event's price stands before its mark, so that the latest has a width.
    const stepped = paths.stepped?.({ align: -1 });
    return {
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: false, y: false },
        points: { fill: colours.mark, stroke: colours.mark },
      },
      scales: { x: { time: false } },
      axes: [axis(colours, 'event', { size: 28, incrs: WHOLE_STEPS }), sideAxis(colours, unit)],
      series: [
        {},
        { stroke: colours.line, width: 2, points: { show: false }, ...(stepped ? { paths: stepped } : {}) },
        { stroke: colours.mark, points: { show: true, size: 11, fill: colours.mark } },
      ],
      hooks: { setCursor: [({ cursor }) => hover(cursor.idx ?? null)] },
    };
  };
}

/** Events have whole numbers. */
const WHOLE_STEPS = [1, 2, 5, 10, 20, 50, 100, 200];

const price = (view: PoolView, { reserveA, reserveB }: PricePoint): string =>
  group(priceText(reserveB, view.b.decimals, reserveA, view.a.decimals, 8));

function summary(view: PoolView, points: PricePoint[]): string {
  const sorted = [...points].sort((left, right) => priceOf(left, view) - priceOf(right, view));
  const [first, last, lowest, highest] = [points[0], points.at(-1), sorted[0], sorted.at(-1)];
  if (!first || !last || !lowest || !highest) return '';
  const swaps = points.length - 1;
  const span = swaps === 1 ? 'the last swap' : `the last ${swaps} swaps`;
  return `Over ${span} the price of 1${NBSP}${view.a.symbol} went from ${price(view, first)} to ${price(view, last)}${NBSP}${view.b.symbol}; lowest ${price(view, lowest)}, highest ${price(view, highest)}.`;
}

function pointText(view: PoolView, point: PricePoint): string {
  const when = point.at === null ? '' : `, ${clockTime(point.at)}`;
  return `After event ${group(String(point.seq))}${when}: 1${NBSP}${view.a.symbol} = ${price(view, point)}${NBSP}${view.b.symbol}.`;
}
