/** How far the price may move before the swap arrives. */
import type { JSX } from 'preact';
import { SLIPPAGE_PRESETS_BPS, slippageBps, slippageChoice, slippageText } from '../state/draft';
import { SLIPPAGE_BPS_LIMIT } from '../state/entry';
import { percentOfBps } from '../ui/format';

export function Slippage(): JSX.Element {
  const custom = slippageChoice.value === 'custom';
  const wrong = custom && slippageBps.value === null;
  return (
    <fieldset class="slippage">
      <legend>Slippage allowed</legend>
      {SLIPPAGE_PRESETS_BPS.map((bps) => (
        <Choice key={bps} value={bps} label={percentOfBps(bps)} />
      ))}
      <Choice value="custom" label="other" />
      <input
        id="slippage-custom"
        class="digits short"
        inputMode="numeric"
        autocomplete="off"
        maxLength={4}
        disabled={!custom}
        value={slippageText.value}
        aria-label="Slippage in basis points"
        aria-invalid={wrong}
        aria-describedby="slippage-problem"
        onInput={(event) => {
          slippageText.value = event.currentTarget.value;
        }}
      />
      <span class="muted">bps</span>
      <p class="problem" id="slippage-problem">
        {wrong ? `Write whole basis points from 0 to ${SLIPPAGE_BPS_LIMIT}; 100 are 1 %.` : null}
      </p>
    </fieldset>
  );
}

function Choice({ value, label }: { value: number | 'custom'; label: string }): JSX.Element {
  return (
    <label class="radio">
      <input
        type="radio"
        name="slippage"
        checked={slippageChoice.value === value}
        onChange={() => {
          slippageChoice.value = value;
        }}
      />
      {label}
    </label>
  );
}
