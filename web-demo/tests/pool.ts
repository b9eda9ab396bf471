import type { PoolView } from '../src/api/model';

/** The seed's pool as it is created. */
export function seedPool(): PoolView {
  return {
    id: 1,
    a: { symbol: 'gBTC', decimals: 8 },
    b: { symbol: 'gUSD', decimals: 6 },
    reserveA: 1_000n * 10n ** 8n,
    reserveB: 65_000_000n * 10n ** 6n,
    volumeA: 0n,
    volumeB: 0n,
    feesA: 0n,
    feesB: 0n,
    feeBpsBase: 30,
    stage: 1,
    thresholds: [1_000n * 10n ** 8n, 2_000n * 10n ** 8n, 5_000n * 10n ** 8n],
    burns: [100_000_000n, 80_000_000n, 60_000_000n, 40_000_000n],
    burnToken: { symbol: 'PFUN', decimals: 6 },
    burnSchedule: [],
    seq: 1,
    head: '00'.repeat(32),
  };
}
