/** An e-mail address proven with Privy: the address, the code that was sent there, and what comes of it. */
import type { JSX, TargetedEvent } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { PrivyProof } from '../privy/client';
import { cleanCode, codeProblem, EMAIL_CHARS_MAX, emailProblem } from '../privy/entry';
import { deviceOnline } from '../state/connection';
import type { EmailProof } from '../state/privy';
import {
  changeAddress,
  closeEmailProof,
  emailProof,
  openEmailProof,
  sendCode,
  showCode,
} from '../state/privy';
import { Field } from '../ui/field';

export interface EmailWayProps {
  /** What the first button says. */
  open: string;
  /** What the last button says. */
  finish: string;
  busy: boolean;
  /** Takes what Privy gives for the right code. */
  use: (proof: PrivyProof) => Promise<void>;
}

export function EmailWay({ open, finish, busy, use }: EmailWayProps): JSX.Element {
  const state = emailProof.value;
  if (state.phase === 'address') return <AddressForm state={state} />;
  if (state.phase === 'code') return <CodeForm state={state} finish={finish} use={use} />;
  return (
    <>
      <p class="muted">
        Privy, a company, sends you a code and learns your address; it tells this server who you are.
      </p>
      <button
        type="button"
        class="wide"
        disabled={busy || state.phase === 'loading' || !deviceOnline.value}
        onClick={() => void openEmailProof()}
      >
        {state.phase === 'loading' ? 'Loading Privy’s library…' : open}
      </button>
      <p class="problem" role="status">
        {state.phase === 'closed' ? state.problem : null}
      </p>
    </>
  );
}

const ADDRESS = 'privy-address';

function AddressForm({ state }: { state: Extract<EmailProof, { phase: 'address' }> }): JSX.Element {
  const [typed, setTyped] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const shown = problem ?? state.problem;
  const input = useFocus();
  const submit = (event: TargetedEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const wrong = emailProblem(typed.trim());
    setProblem(wrong);
    if (wrong !== null) input.current?.focus();
    else if (deviceOnline.value) void sendCode(typed.trim());
  };
  return (
    <form onSubmit={submit} noValidate aria-label="E-mail address">
      <Field id={ADDRESS} label="E-mail address" problem={shown}>
        <input
          id={ADDRESS}
          ref={input}
          class="plain"
          type="email"
          autocomplete="email"
          maxLength={EMAIL_CHARS_MAX + 20}
          value={typed}
          aria-invalid={shown !== null}
          aria-describedby={`${ADDRESS}-problem`}
          onInput={(event) => {
            setTyped(event.currentTarget.value);
            setProblem(null);
          }}
        />
      </Field>
      <div class="actions">
        <button type="submit" class="primary" aria-disabled={state.busy || !deviceOnline.value}>
          {state.busy ? 'Asking Privy…' : 'Send me a code'}
        </button>
        <button type="button" onClick={closeEmailProof}>
          Cancel
        </button>
      </div>
    </form>
  );
}

const CODE = 'privy-code';

interface CodeFormProps extends Pick<EmailWayProps, 'finish' | 'use'> {
  state: Extract<EmailProof, { phase: 'code' }>;
}

function CodeForm({ state, finish, use }: CodeFormProps): JSX.Element {
  const [typed, setTyped] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const shown = problem ?? state.problem;
  const input = useFocus();
  const blocked = state.busy || !deviceOnline.value;
  const submit = (event: TargetedEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (blocked) return;
    const code = cleanCode(typed);
    const wrong = codeProblem(code);
    setProblem(wrong);
    if (wrong === null) void showCode(code).then((proof) => (proof === null ? undefined : use(proof)));
    else input.current?.focus();
  };
  return (
    <form onSubmit={submit} noValidate aria-label="Code from the e-mail">
      <p role="status">
        {state.news ?? (
          <>
            A code is on its way to <strong class="secret">{state.email}</strong>. It may take a minute, and
            may end up among spam.
          </>
        )}
      </p>
      <Field id={CODE} label="Code from the e-mail" problem={shown}>
        <input
          id={CODE}
          ref={input}
          class="digits"
          inputMode="numeric"
          autocomplete="one-time-code"
          maxLength={12}
          value={typed}
          aria-invalid={shown !== null}
          aria-describedby={`${CODE}-problem`}
          onInput={(event) => {
            setTyped(event.currentTarget.value);
            setProblem(null);
          }}
        />
      </Field>
      <button type="submit" class="primary wide" aria-disabled={blocked}>
        {state.busy ? 'Asking Privy…' : finish}
      </button>
      <div class="actions">
        <button type="button" class="small" disabled={blocked} onClick={() => void sendCode(state.email)}>
          Send another code
        </button>
        <button type="button" class="small" onClick={changeAddress}>
          Use another address
        </button>
      </div>
    </form>
  );
}

/** Puts the focus into a field that has just come up, because the button before it is gone. */
function useFocus(): { current: HTMLInputElement | null } {
  const field = useRef<HTMLInputElement>(null);
  // Before anything is painted, so that whoever types on loses no letter.
  useLayoutEffect(() => field.current?.focus(), []);
  return field;
}
