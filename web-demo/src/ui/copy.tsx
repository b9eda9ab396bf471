/** A button that copies a text, and says whether it worked. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

type State = 'ready' | 'copied' | 'failed';

export interface CopyProps {
  label: string;
  text: () => string;
}

export function CopyButton({ label, text }: CopyProps): JSX.Element {
  const [state, setState] = useState<State>('ready');
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text());
      setState('copied');
    } catch {
      setState('failed');
    }
  };
  return (
    <>
      <button type="button" onClick={() => void copy()}>
        {label}
      </button>
      <span role="status" class="muted">
        {state === 'copied' ? ' Copied.' : null}
        {state === 'failed' ? ' This browser does not let the page copy; select the text by hand: ' : null}
        {state === 'failed' ? <code class="secret">{text()}</code> : null}
      </span>
    </>
  );
}
