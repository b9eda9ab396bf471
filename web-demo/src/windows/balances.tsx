/** What the signed-in person holds. */
import type { JSX } from 'preact';
import type { Balance, Granted } from '../api/model';
import { balances, grant, loadBalances, news, ownLive, takeGrant } from '../state/balances';
import { isOnline } from '../state/connection';
import { isDemo } from '../state/server';
import { user } from '../state/session';
import { amount, digits } from '../ui/amount';
import { clockTime } from '../ui/format';
import { LoadState, Notice } from '../ui/notice';
import { Window } from '../ui/window';

export function BalancesWindow(): JSX.Element {
  return (
    <Window
      id="balances"
      title="Balances"
      icon="purse"
      status={user.value === null ? undefined : <Liveness />}
    >
      {user.value === null ? <p class="muted">Sign in to see what you hold.</p> : <Held />}
    </Window>
  );
}

/** How the page learns of balances. */
function Liveness(): JSX.Element {
  const { at } = balances.value;
  const seen = at === null ? '' : `; seen ${clockTime(at)}`;
  return <span class="grow">{ownLive.value ? 'Live: follows every tab' : `Reconnecting…${seen}`}</span>;
}

function Held(): JSX.Element {
  const list = balances.value.value;
  return (
    <>
      <LoadState state={balances.value} what="balances" retry={() => void loadBalances()} />
      {list === null ? null : <BalanceList list={list} />}
      <News list={news.value} />
      {list === null ? null : <FirstTokens empty={list.every(({ amount: held }) => held === 0n)} />}
    </>
  );
}

/** What was given while the page was open. */
function News({ list }: { list: Granted[] }): JSX.Element {
  return (
    <ul class="news" aria-live="polite">
      {list.map(({ seq, at, items }) => (
        <li key={seq}>
          <time dateTime={at}>{clockTime(at)}</time> Received{' '}
          {items.map((item) => amount(item.amount, item.token)).join(', ')}
        </li>
      ))}
    </ul>
  );
}

function BalanceList({ list }: { list: Balance[] }): JSX.Element {
  if (list.length === 0) return <p class="muted">This server lists no tokens yet.</p>;
  return (
    <table class="numbers">
      <caption class="only-read">Your balances</caption>
      <thead class="only-read">
        <tr>
          <th scope="col">Token</th>
          <th scope="col">Amount</th>
        </tr>
      </thead>
      <tbody>
        {list.map(({ token, name, amount: held, held: reserved }) => (
          <tr key={token.symbol}>
            <th scope="row" title={name}>
              {token.symbol}
            </th>
            <td class={held === 0n ? 'muted' : ''}>
              {digits(held, token)}
              {reserved === 0n ? null : <span class="sub">{amount(reserved, token)} on hold</span>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function FirstTokens({ empty }: { empty: boolean }): JSX.Element | null {
  if (isDemo.value) return <StarterGrant empty={empty} />;
  if (!empty) return null;
  return <p>Nothing here yet. Give your npub to this server’s administrator to be sent some.</p>;
}

function StarterGrant({ empty }: { empty: boolean }): JSX.Element {
  const state = grant.value;
  const notice = state.phase === 'idle' ? state.notice : null;
  return (
    <>
      <div role="status">
        {notice === null ? null : (
          <Notice tone={notice.tone === 'info' ? 'good' : notice.tone}>
            <p>{notice.text}</p>
          </Notice>
        )}
      </div>
      {empty ? (
        <>
          <p>Nothing here yet. This demo server gives every key some tokens once.</p>
          <button
            type="button"
            class="primary wide"
            disabled={state.phase === 'asking' || !isOnline.value}
            onClick={() => void takeGrant()}
          >
            {state.phase === 'asking' ? 'Asking…' : 'Take the starter grant'}
          </button>
        </>
      ) : null}
    </>
  );
}
