/** A slider through the history: the pool as it was after any event. */
import type { JSX } from 'preact';
import { feeBpsText, priceText } from 'postfun';
import type { PoolView } from '../api/model';
import { tokensOf } from '../api/model';
import type { Moment } from '../history/timeline';
import { travel, travelTo } from '../state/proof';
import { amount } from '../ui/amount';
import { clockTime, group, NBSP } from '../ui/format';
import { Fact } from '../ui/fact';
import { StageProgress } from './stage';

export function TravelPart({ view }: { view: PoolView }): JSX.Element | null {
  const state = travel.value;
  if (state.phase === 'none') return null;
  return (
    <>
      <h3>The pool at any past event</h3>
      {state.phase === 'walking' ? (
        <div>
          <label for="walk-progress">Going through the history…</label>
          <progress id="walk-progress" max={state.total} value={state.done} />
        </div>
      ) : (
        <Traveller view={view} first={state.first} total={state.total} moment={state.moment} />
      )}
    </>
  );
}

interface TravellerProps {
  view: PoolView;
  first: number;
  total: number;
  moment: Moment;
}

function Traveller({ view, first, total, moment }: TravellerProps): JSX.Element {
  const { seq } = moment.event;
  return (
    <div id="travel">
      <label for="travel-slider">
        After event {group(String(seq))} of {group(String(total))}
      </label>
      <input
        id="travel-slider"
        type="range"
        min={first}
        max={total}
        value={seq}
        aria-valuetext={`event ${seq} of ${total}: ${happened(moment, view)}`}
        onInput={({ currentTarget }) => void travelTo(currentTarget.valueAsNumber)}
      />
      <PastFacts view={view} moment={moment} />
      <StageProgress id="past-stage" view={{ ...view, ...moment.pool }} />
    </div>
  );
}

function PastFacts({ view, moment }: { view: PoolView; moment: Moment }): JSX.Element {
  const { pool: past, event, burned } = moment;
  const price = priceText(past.reserveB, view.b.decimals, past.reserveA, view.a.decimals, 8);
  return (
    <dl class="figures">
      <Fact name={clockTime(event.timeMs)}>{happened(moment, view)}</Fact>
      <Fact name="Reserves then">
        {amount(past.reserveA, view.a)}
        <br />
        {amount(past.reserveB, view.b)}
      </Fact>
      <Fact name="Price then">
        1{NBSP}
        {view.a.symbol} = {group(price)}
        {NBSP}
        {view.b.symbol}
      </Fact>
      <Fact name="Fee then">
        {feeBpsText(view.feeBpsBase, past.stage)}
        {NBSP}bps
      </Fact>
      {view.burnToken === null ? null : <Fact name="Burned by then">{amount(burned, view.burnToken)}</Fact>}
    </dl>
  );
}

/** What the event was, in words. */
function happened({ event, burns }: Moment, view: PoolView): string {
  if (event.kind === 'created') return 'the pool was made';
  if (event.kind === 'collection') return 'fees were collected';
  const { give, get } = tokensOf(view, event.side);
  const swap = `${amount(event.amountIn, give)} for ${amount(event.amountOut, get)}`;
  const { burnToken } = view;
  const burned = burns.map(({ stage, amount: units }) =>
    burnToken === null ? '' : `, ${amount(units, burnToken)} burned at stage ${stage}`,
  );
  return swap + burned.join('');
}
