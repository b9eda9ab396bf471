/** A drawing by uPlot that follows the page's colours and width. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { theme } from '../state/theme';
import { group } from '../ui/format';

/** The colours of a drawing, as the style sheet has them. */
export interface Colours {
  ink: string;
  grid: string;
  line: string;
  mark: string;
}

export type Options = Omit<uPlot.Options, 'width' | 'height'>;

export interface PlotProps {
  /** What is drawn, in words: all that people who do not see it get. */
  label: string;
  data: uPlot.AlignedData;
  /** How it is drawn; called again when colours change, so it is the same function for the same drawing. */
  options: (colours: Colours, library: typeof uPlot) => Options;
}

const HEIGHT = 210;
const FONT = '12px Tahoma, Verdana, "DejaVu Sans", sans-serif';

/** The library is not needed for the first look at the page. */
const library = (): Promise<typeof uPlot> => import('uplot').then((module) => module.default);

export function Plot({ label, data, options }: PlotProps): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const drawn = useRef<uPlot | null>(null);
  const latest = useRef(data);
  const [failed, setFailed] = useState(false);
  latest.current = data;
  const shade = theme.value;
  useEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    let ended = false;
    const sizes = new ResizeObserver(() => {
      const width = element.clientWidth;
      if (width > 0) drawn.current?.setSize({ width, height: HEIGHT });
    });
    library().then(
      (Library) => {
        if (ended) return;
        const size = { width: element.clientWidth || 300, height: HEIGHT };
        const settings = options(coloursOf(element), Library);
        drawn.current = new Library({ ...settings, ...size }, latest.current, element);
        sizes.observe(element);
      },
      () => setFailed(true),
    );
    return () => {
      ended = true;
      sizes.disconnect();
      drawn.current?.destroy();
      drawn.current = null;
    };
  }, [options, shade]);
  useEffect(() => drawn.current?.setData(data), [data]);
  if (failed) return <p class="muted">The drawing could not be loaded; the words below say the same.</p>;
  return <div class="plot" role="img" aria-label={label} ref={host} />;
}

function coloursOf(element: HTMLElement): Colours {
  const style = getComputedStyle(element);
  const { color: ink, borderTopColor: grid, outlineColor: line, textDecorationColor: mark } = style;
  return { ink, grid, line, mark };
}

const GLYPH = 7;

/** An axis with grouped numbers. */
export function axis({ ink, grid }: Colours, label: string, more: uPlot.Axis = {}): uPlot.Axis {
  return {
    stroke: ink,
    font: FONT,
    labelFont: FONT,
    label,
    labelSize: 18,
    grid: { stroke: grid, width: 1 },
    ticks: { stroke: grid, width: 1, size: 5 },
    values: (_plot, splits) => splits.map(plainNumber),
    ...more,
  };
}

/** An axis at the side, as wide as its longest number. */
export function sideAxis(colours: Colours, label: string): uPlot.Axis {
  const longest = (values: string[] | null): number =>
    Math.max(3, ...(values ?? []).map((text) => text.length));
  return axis(colours, label, { size: (_plot, values) => longest(values) * GLYPH + 12 });
}

/** A number without exponent and without what floating point adds. */
export function plainNumber(value: number): string {
  const options = { useGrouping: false, maximumSignificantDigits: 10 } as const;
  return group(value.toLocaleString('en', options));
}
