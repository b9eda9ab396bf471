/** The two amounts: the one that is typed is exact, the other follows from it. */
import type { JSX } from 'preact';
import { formatAmount } from 'postfun';
import type { Token } from '../api/model';
import { available } from '../state/balances';
import { core } from '../state/core';
import { draft, draftTokens, flip, outcome, shortfall, typeAmount } from '../state/draft';
import type { Mode } from '../state/quote';
import { user } from '../state/session';
import { amount, digits } from '../ui/amount';

export const PAY_FIELD = 'amount-pay';
const GET_FIELD = 'amount-get';
const PROBLEM = 'amount-problem';

/** What stands in the place of a problem while there is none. */
const HINT = {
  empty: 'Type either amount; the quote appears at once.',
  quoted: 'Quoted here, without asking the server.',
} as const;

export function AmountFields(): JSX.Element | null {
  const tokens = draftTokens.value;
  if (tokens === null) return null;
  const problem = outcome.value.kind === 'refused' ? outcome.value.sentence : shortfall.value;
  const { mode } = draft.value;
  return (
    <>
      <Field
        id={PAY_FIELD}
        label="You pay"
        mode="exactIn"
        token={tokens.give}
        problem={mode === 'exactIn' || shortfall.value !== null ? problem : null}
        aside={<Spendable token={tokens.give} />}
      />
      <div class="between">
        <button
          type="button"
          class="flip"
          onClick={flip}
          aria-label={`Other way: swap ${tokens.get.symbol} for ${tokens.give.symbol}`}
        >
          <span aria-hidden="true">↑↓</span> Other way
        </button>
      </div>
      <Field
        id={GET_FIELD}
        label="You receive"
        mode="exactOut"
        token={tokens.get}
        problem={mode === 'exactOut' && outcome.value.kind === 'refused' ? problem : null}
      />
      <p class={problem === null ? 'muted' : 'problem'} id={PROBLEM}>
        {problem ?? HINT[outcome.value.kind === 'quoted' ? 'quoted' : 'empty']}
      </p>
    </>
  );
}

interface FieldProps {
  id: string;
  label: string;
  /** Which draft typing here makes. */
  mode: Mode;
  token: Token;
  problem: string | null;
  aside?: JSX.Element;
}

function Field({ id, label, mode, token, problem, aside }: FieldProps): JSX.Element {
  const typed = draft.value.mode === mode;
  return (
    <div class="amount">
      <div class="amount-head">
        <label for={id}>
          {label}
          <span class="muted">{qualifier(typed)}</span>
        </label>
        {aside}
      </div>
      <div class={`sunken ${problem === null ? '' : 'wrong'}`}>
        <input
          id={id}
          class="digits"
          inputMode="decimal"
          autocomplete="off"
          autocorrect="off"
          spellcheck={false}
          placeholder="0"
          maxLength={40}
          value={typed ? draft.value.text : computedText(mode, token)}
          aria-invalid={problem !== null}
          aria-describedby={`${PROBLEM} ${id}-token`}
          onInput={(event) => typeAmount(mode, event.currentTarget.value)}
        />
        <span class="symbol" id={`${id}-token`}>
          {token.symbol}
        </span>
      </div>
    </div>
  );
}

function qualifier(typed: boolean): string {
  if (draft.value.text === '') return '';
  return typed ? ' exactly' : ', quoted here';
}

function computedText(mode: Mode, token: Token): string {
  if (outcome.value.kind !== 'quoted') return '';
  const { quote } = outcome.value;
  return digits(mode === 'exactIn' ? quote.amountIn : quote.amountOut, token);
}

function Spendable({ token }: { token: Token }): JSX.Element | null {
  const held = available(token.symbol);
  if (user.value === null || held === null || core.value.phase !== 'ready') return null;
  return (
    <span class="spendable">
      <span class="muted">have {amount(held, token)}</span>
      {held === 0n ? null : (
        <button
          type="button"
          class="small"
          onClick={() => typeAmount('exactIn', formatAmount(held, token.decimals))}
          aria-label={`Max: pay all of your ${token.symbol}`}
        >
          Max
        </button>
      )}
    </span>
  );
}
