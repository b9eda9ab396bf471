/** Linking another key to one's account, and confirming that, or that one is removed. */
import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { AccountKey } from '../account/key';
import { shortKey } from '../account/key';
import type { Way } from '../account/ways';
import { hasKey } from '../account/ways';
import { deviceOnline } from '../state/connection';
import { makeKey, throwAwayKey } from '../state/key';
import type { ChangeState, KeyChange } from '../state/key-change';
import {
  cancelChange,
  confirmByExtension,
  confirmByPrivy,
  confirmByThrowAway,
  linkEmail,
  linkPrivy,
  linkSigner,
  ownWays,
} from '../state/key-change';
import { emailProof, privyApp } from '../state/privy';
import { extensionFound, extensionSigner, throwAwaySigner } from '../state/signer';
import { EmailWay } from './email';

export function Change({ state, list }: { state: ChangeState; list: AccountKey[] }): JSX.Element | null {
  switch (state.phase) {
    case 'idle':
      return <LinkWays list={list} />;
    case 'email':
      return <EmailLink />;
    case 'own':
      return <OwnProof change={state.change} problem={state.problem} />;
    case 'asking':
      return <Cancel text="Cancel" />;
    case 'busy':
      return null;
  }
}

function Cancel({ text }: { text: string }): JSX.Element {
  return (
    <button type="button" onClick={cancelChange}>
      {text}
    </button>
  );
}

function LinkWays({ list }: { list: AccountKey[] }): JSX.Element {
  const own = throwAwayKey.value;
  const isLinked = own !== null && hasKey(list, { kind: 'nostr', subject: own.pubkey });
  return (
    <>
      <h3>Link another key</h3>
      <div class="stack">
        {extensionFound.value ? (
          <LinkButton text="Link the key of your extension" act={() => linkSigner(extensionSigner)} />
        ) : (
          <p class="muted">The key of a Nostr extension can be linked once one answers in this page.</p>
        )}
        {isLinked ? null : (
          <LinkButton
            text={own === null ? 'Make a throw-away key and link it' : 'Link the throw-away key of this page'}
            act={() => linkSigner(throwAwaySigner(own ?? makeKey()))}
          />
        )}
        {privyApp.value === null ? null : <LinkButton text="Link an e-mail address" act={linkEmail} />}
      </div>
    </>
  );
}

function LinkButton({ text, act }: { text: string; act: () => unknown }): JSX.Element {
  return (
    <button type="button" class="wide" disabled={!deviceOnline.value} onClick={() => void act()}>
      {text}
    </button>
  );
}

function EmailLink(): JSX.Element {
  return (
    <>
      <Heading text="Link an e-mail address" />
      <EmailWay open="Prove an address" finish="Go on with the code" busy={false} use={linkPrivy} />
      {emailProof.value.phase === 'address' ? null : <Cancel text="Link none" />}
    </>
  );
}

/** Comes up where the button was that is gone, so the focus goes here. */
function Heading({ text }: { text: string }): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => heading.current?.focus(), []);
  return (
    <h3 ref={heading} tabIndex={-1}>
      {text}
    </h3>
  );
}

const QUESTION: Readonly<Record<KeyChange['purpose'], { verb: string; why: string; no: string }>> = {
  link: {
    verb: 'Link',
    why: 'Whoever has this key can then do here what you can. So prove a key that your account has already.',
    no: 'Do not link it',
  },
  unlink: {
    verb: 'Remove',
    why: 'It then signs in here no more, and its sessions end. So prove a key of your account that stays.',
    no: 'Do not remove it',
  },
};

/** Asks for a proof of a key of the account. */
function OwnProof({ change, problem }: { change: KeyChange; problem: string | null }): JSX.Element {
  const { verb, why, no } = QUESTION[change.purpose];
  const ways = ownWays.value;
  return (
    <>
      <Heading text={`${verb} ${shortKey(change.key)}?`} />
      <p>{why}</p>
      {ways.length === 0 ? (
        <p class="muted">
          No such key can be proven in this page now. Open an extension that holds one, or sign in here with
          one.
        </p>
      ) : (
        <div class="stack">
          {ways.map((way) => (
            <ProofWay key={way} way={way} />
          ))}
        </div>
      )}
      {problem === null ? null : (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <Cancel text={no} />
    </>
  );
}

const SIGNERS: Readonly<Record<Exclude<Way, 'email'>, { text: string; act: () => Promise<void> }>> = {
  extension: { text: 'Prove it with your extension', act: confirmByExtension },
  'throw-away': { text: 'Prove it with the throw-away key', act: confirmByThrowAway },
};

function ProofWay({ way }: { way: Way }): JSX.Element {
  if (way === 'email') {
    return (
      <EmailWay open="Prove it by e-mail" finish="Go on with the code" busy={false} use={confirmByPrivy} />
    );
  }
  const { text, act } = SIGNERS[way];
  return (
    <button type="button" class="primary wide" disabled={!deviceOnline.value} onClick={() => void act()}>
      {text}
    </button>
  );
}
