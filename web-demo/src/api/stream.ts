/** A pool's trades as they happen: server-sent events. */
import { toPool, toTrade } from './model';
import type { PoolView, Trade } from './model';
import type { ApiPool, ApiTrade } from './types';

export interface StreamListener {
  opened: () => void;
  /** The pool as it was when the stream began. */
  pool: (view: PoolView) => void;
  swap: (trade: Trade) => void;
  /** `final` when the browser has given up; otherwise it tries again by itself and asks for what it missed. */
  broken: (final: boolean) => void;
  /** Something arrived that this page cannot read. */
  unreadable: () => void;
}

/** Opens the stream of a pool; the function that comes back closes it. */
export function openStream(poolId: number, listener: StreamListener): () => void {
  const source = new EventSource(`/api/amm/pools/${poolId}/stream`);
  const on = <Wire>(name: string, take: (wire: Wire) => void): void => {
    source.addEventListener(name, ({ data }: MessageEvent<string>) => {
      try {
        take(JSON.parse(data) as Wire);
      } catch {
        listener.unreadable();
      }
    });
  };
  source.onopen = () => listener.opened();
  source.onerror = () => listener.broken(source.readyState === EventSource.CLOSED);
  on<ApiPool>('pool', (wire) => listener.pool(toPool(wire)));
  on<ApiTrade>('swap', (wire) => listener.swap(toTrade(wire)));
  return () => source.close();
}
