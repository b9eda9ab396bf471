/** A labelled field with room for what is wrong with its value. */
import type { JSX } from 'preact';

export interface FieldProps {
  /** The field's own id; its problem stands at `<id>-problem`. */
  id: string;
  label: string;
  hint?: string;
  unit?: string;
  problem: string | null;
  children: JSX.Element;
}

export function Field({ id, label, hint, unit, problem, children }: FieldProps): JSX.Element {
  return (
    <div class="amount">
      <div class="amount-head">
        <label for={id}>
          {label}
          <span class="muted">{hint}</span>
        </label>
      </div>
      <div class={`sunken ${problem === null ? '' : 'wrong'}`}>
        {children}
        {unit === undefined ? null : <span class="symbol">{unit}</span>}
      </div>
      <p class="problem" id={`${id}-problem`} role="status">
        {problem}
      </p>
    </div>
  );
}
