/** The head that the server signs: what this browser remembers of it, and what to do when it is wrong. */
import type { JSX } from 'preact';
import type { HeadFault, HeadState } from '../state/head';
import { headState, loadHead, trustAnew } from '../state/head';
import { pool } from '../state/pools';
import { headSentence } from '../state/proof';
import { server } from '../state/server';
import { CopyButton } from '../ui/copy';
import { Fact } from '../ui/fact';
import { group, shorten } from '../ui/format';
import { Notice } from '../ui/notice';
import { Window } from '../ui/window';

/** Head, key, and since when they are known. */
export function HeadFacts(): JSX.Element | null {
  const state = headState.value;
  const poolId = pool.value?.id;
  if (state.phase === 'failed') {
    return (
      <Notice tone="warn">
        <p>The signed head could not be loaded: {state.sentence}</p>
        <button type="button" onClick={() => poolId !== undefined && void loadHead(poolId)}>
          Look again
        </button>
      </Notice>
    );
  }
  if (state.phase !== 'good') return null;
  const { head, pin } = state;
  const npub = server.value.value?.head_key.npub ?? pin.key;
  const day = new Date(pin.since).toLocaleDateString();
  return (
    <dl class="figures" id="head-facts">
      <Fact name="Signed head">
        <span title={head.head}>{shorten(head.head, 8, 8)}</span> at event {group(String(head.seq))},
        signature good
      </Fact>
      <Fact name="Server’s key">
        <span title={npub}>{shorten(npub, 12, 8)}</span>
      </Fact>
      <Fact name="Remembered">
        event {group(String(pin.seq))}
        {pin.checkpoint === null ? ', seen' : ', verified'}; since {day}
      </Fact>
    </dl>
  );
}

/** What it means and what to do, in words. */
const ADVICE: Record<HeadFault, { means: string; todo: string }> = {
  unsigned: {
    means: 'Somebody between you and the server changed the answer, or the server is broken.',
    todo: 'Do not swap now. Load the page again, best from another network; if it stays, tell the operator.',
  },
  key: {
    means: 'The operator changed the server’s secret, or this is another server under the same name.',
    todo: 'Ask the operator over another channel whether the key was changed, and compare the new key below letter by letter.',
  },
  shorter: {
    means: 'The server went back to an older copy of its data, or it shows you less than it showed before.',
    todo: 'Ask the operator whether a backup was restored. What you swapped since then may be missing.',
  },
  rewritten: {
    means:
      'The server signed two different histories of this pool. Both signatures together prove it to anyone.',
    todo: 'Do not swap here. Copy the proof, keep it, and ask the operator.',
  },
};

const TITLE: Record<HeadFault, string> = {
  unsigned: 'The signature is not good',
  key: 'The server’s key has changed',
  shorter: 'The history became shorter',
  rewritten: 'The history was rewritten',
};

/** A window that is only there while something is wrong. */
export function HeadWarning(): JSX.Element | null {
  const state = headState.value;
  if (state.phase !== 'wrong') return null;
  return (
    <Window id="head-warning" title={TITLE[state.fault]} icon="history">
      <Warning of={state} />
    </Window>
  );
}

function Warning({ of: state }: { of: Extract<HeadState, { phase: 'wrong' }> }): JSX.Element {
  const { fault, head, pin } = state;
  const poolId = Number(head.poolId);
  const { means, todo } = ADVICE[fault];
  return (
    <>
      <Notice tone="danger">
        <p>{headSentence(fault, pin)}</p>
      </Notice>
      <p>
        <strong>What it means.</strong> {means}
      </p>
      <p>
        <strong>What to do.</strong> {todo}
      </p>
      <dl class="figures">
        {pin === null ? null : <Fact name="Key remembered">{shorten(pin.key, 12, 12)}</Fact>}
        <Fact name="Key now">{shorten(head.pubkey, 12, 12)}</Fact>
      </dl>
      <CopyButton label="Copy both heads as proof" text={() => proofText(state)} />
      {fault === 'unsigned' ? (
        <button type="button" onClick={() => void loadHead(poolId)}>
          Look again
        </button>
      ) : (
        <button type="button" onClick={() => void trustAnew(poolId)}>
          Forget the old head and trust this one
        </button>
      )}
    </>
  );
}

function proofText({ head, then, pin }: Extract<HeadState, { phase: 'wrong' }>): string {
  const now = { ...head, poolId: Number(head.poolId) };
  const today = then === null ? null : { ...then, poolId: Number(then.poolId) };
  return JSON.stringify({ remembered: pin, now, aboutTheSameEvent: today }, null, 1);
}
