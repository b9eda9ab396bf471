/** The figures of the quote, and the consent that a large price impact needs. */
import type { ComponentChildren, JSX } from 'preact';
import type { Quote } from 'postfun';
import { feeBpsText, priceText } from 'postfun';
import type { PoolView } from '../api/model';
import { tokensOf } from '../api/model';
import { draft, impactAccepted, outcome, shortfall, slippageBps } from '../state/draft';
import type { Band, Outcome } from '../state/quote';
import { bandOf } from '../state/quote';
import { amount } from '../ui/amount';
import { group, percentOfBps, percentOfPpm, NBSP } from '../ui/format';

type Quoted = Extract<Outcome, { kind: 'quoted' }>;

const BAND_TEXT: Record<Band, string> = { calm: 'calm', warn: 'high', danger: 'very high' };

export function Figures(): JSX.Element {
  const shown = outcome.value.kind === 'quoted' ? outcome.value : null;
  return (
    <dl class={`figures ${shown === null ? 'waiting' : ''}`}>
      <Row name="Price">{shown === null ? null : priceLine(shown)}</Row>
      <Row name="Fee">{shown === null ? null : <Fee {...shown} />}</Row>
      <Row name="Effective input">
        {shown === null ? null : amount(shown.quote.effectiveIn, tokensOf(shown.pool, shown.quote.side).give)}
      </Row>
      <Row name="Price impact">{shown === null ? null : <Impact quote={shown.quote} />}</Row>
      <Limit shown={shown} />
      <Row name="Stage">{shown === null ? null : `${shown.quote.stage} of 4`}</Row>
    </dl>
  );
}

function Row({ name, children }: { name: string; children: ComponentChildren }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children ?? '–'}</dd>
    </div>
  );
}

/** What one input token gives on average, fee included; digits are cut, so it is never better than the truth. */
export function priceLine({ quote, pool }: { quote: Quote; pool: PoolView }): string {
  const { give, get } = tokensOf(pool, quote.side);
  const price = priceText(quote.amountOut, get.decimals, quote.amountIn, give.decimals, 8);
  return `1${NBSP}${give.symbol} = ${group(price)}${NBSP}${get.symbol}`;
}

function Fee({ quote, pool }: Quoted): JSX.Element {
  const { give } = tokensOf(pool, quote.side);
  return (
    <>
      {amount(quote.fee, give)}{' '}
      <span class="muted">
        ({feeBpsText(pool.feeBpsBase, quote.stage)}
        {NBSP}bps)
      </span>
    </>
  );
}

function Impact({ quote }: { quote: Quote }): JSX.Element {
  const band = bandOf(quote.priceImpactPpm);
  return (
    <>
      {percentOfPpm(quote.priceImpactPpm)} <span class={`band ${band}`}>{BAND_TEXT[band]}</span>
    </>
  );
}

function Limit({ shown }: { shown: Quoted | null }): JSX.Element {
  const exactIn = draft.value.mode === 'exactIn';
  const name = exactIn ? 'Minimum received' : 'Maximum paid';
  if (shown === null || slippageBps.value === null) return <Row name={name}>–</Row>;
  const { give, get } = tokensOf(shown.pool, shown.quote.side);
  return (
    <Row name={name}>
      {amount(shown.limit, exactIn ? get : give)}{' '}
      <span class="muted">(slippage {percentOfBps(slippageBps.value)})</span>
    </Row>
  );
}

/** From 5 % on, a price impact has to be accepted by hand. */
export function ImpactConsent(): JSX.Element | null {
  if (outcome.value.kind !== 'quoted' || shortfall.value !== null) return null;
  const { priceImpactPpm } = outcome.value.quote;
  if (bandOf(priceImpactPpm) !== 'danger') return null;
  return (
    <label class="check danger">
      <input
        id="impact-accepted"
        type="checkbox"
        checked={impactAccepted.value === draft.value}
        onChange={(event) => {
          impactAccepted.value = event.currentTarget.checked ? draft.value : null;
        }}
      />
      <span>
        This swap is large for the pool and gets a price {percentOfPpm(priceImpactPpm)} worse than a small
        one. I accept that.
      </span>
    </label>
  );
}
