import type { Side } from 'postfun';
import { Pool } from 'postfun';
import { joined } from '../src/history/drill';
import { Records } from '../src/history/records';
import type { PoolView } from '../src/api/model';

/** The fields of an event one after the other; a number of bytes with each number. */
type Fields = ([bytes: 1 | 2 | 8, value: bigint | number] | string)[];

export type Happening = { side: Side; amountIn: bigint } | { collectA: bigint; collectB: bigint };

/** A sound history of a pool, as the server would send it. */
export async function historyOf(pool: PoolView, happenings: readonly Happening[]): Promise<Records> {
  const engine = new Pool(pool);
  const events = [created(pool), ...happenings.map((one, index) => happened(engine, index + 2, one))];
  let head: Uint8Array = new Uint8Array(32);
  const pieces: Uint8Array[] = [];
  for (const bytes of events.map(encoded)) {
    const domain = new TextEncoder().encode('postfun/pool-event');
    head = new Uint8Array(await crypto.subtle.digest('SHA-256', joined([domain, head, bytes])));
    pieces.push(encoded([[2, bytes.length]]), bytes, head);
  }
  return new Records(joined(pieces));
}

const timeOf = (seq: number): number => 1_700_000_000_000 + seq * 1_000;

const common = (type: number, seq: number): Fields => [
  [1, type],
  [1, 1],
  [8, seq],
  [8, timeOf(seq)],
];

function created(pool: PoolView): Fields {
  const token = (id: number, { symbol, decimals }: PoolView['a']): Fields => [
    [8, id],
    [1, decimals],
    [1, symbol.length],
    symbol,
  ];
  const optional = (units: bigint | null): Fields =>
    units === null
      ? [[1, 0]]
      : [
          [1, 1],
          [8, units],
        ];
  const { burnToken } = pool;
  return [
    ...common(1, 1),
    [8, pool.id],
    ...token(1, pool.a),
    ...token(2, pool.b),
    ...(burnToken === null ? ([[1, 0]] as Fields) : [[1, 1] as [1, number], ...token(4, burnToken)]),
    [8, pool.reserveA],
    [8, pool.reserveB],
    [2, pool.feeBpsBase],
    ...[...pool.thresholds, ...pool.burns].flatMap(optional),
  ];
}

function happened(engine: Pool, seq: number, one: Happening): Fields {
  if ('collectA' in one) return [...common(3, seq), [8, one.collectA], [8, one.collectB]];
  const { quote, stageAfter } = engine.swap(one.side, one.amountIn);
  const { amountIn, fee, amountOut } = quote;
  return [
    ...common(2, seq),
    [1, one.side === 'AtoB' ? 0 : 1],
    [8, amountIn],
    [8, fee],
    [8, amountOut],
    [1, stageAfter],
  ];
}

function encoded(fields: Fields): Uint8Array {
  return joined(
    fields.map((field) => {
      if (typeof field === 'string') return new TextEncoder().encode(field);
      const [size, value] = field;
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
      return bytes.subarray(8 - size);
    }),
  );
}
