/** Sentences that stand out, and the two that every list needs: on its way, and failed. */
import type { ComponentChildren, JSX } from 'preact';
import type { Loadable } from '../state/loadable';

export type Tone = 'info' | 'good' | 'warn' | 'danger';

const MARK: Record<Tone, string> = { info: 'i', good: '✓', warn: '!', danger: '×' };

export interface NoticeProps {
  tone: Tone;
  /** Whether the tone's mark stands before the text; without it the text has one of its own. */
  marked?: boolean;
  children: ComponentChildren;
}

export function Notice({ tone, marked = true, children }: NoticeProps): JSX.Element {
  return (
    <div class={`notice ${tone}`}>
      {marked ? (
        <span class="mark" aria-hidden="true">
          {MARK[tone]}
        </span>
      ) : null}
      <div>{children}</div>
    </div>
  );
}

export interface LoadStateProps {
  state: Loadable<unknown>;
  /** What is loaded, such as “balances”. */
  what: string;
  retry: () => void;
}

/** Says that something is on its way or could not be loaded; draws nothing when it is here. */
export function LoadState({ state, what, retry }: LoadStateProps): JSX.Element | null {
  if (state.error !== null) return <LoadFailure state={state} what={what} retry={retry} />;
  if (state.value === null && state.loading) return <p class="muted">Loading {what}…</p>;
  return null;
}

function LoadFailure({ state, what, retry }: LoadStateProps): JSX.Element {
  const old = state.value === null ? '' : ` What you see is the last state of the ${what} that arrived.`;
  return (
    <Notice tone="warn">
      <p>
        {state.error}
        {old}
      </p>
      <button type="button" onClick={retry} aria-label={`Try again to load ${what}`}>
        Try again
      </button>
    </Notice>
  );
}
