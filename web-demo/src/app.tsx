/** The desktop: menu bar, windows in three columns, and the skip link before them. */
import type { JSX } from 'preact';
import { theme, toggleTheme } from './state/theme';
import { session } from './state/session';
import { Lamp } from './ui/connection';
import { AboutWindow } from './windows/about';
import { BalancesWindow } from './windows/balances';
import { ChartsWindow } from './windows/charts';
import { HeadWarning } from './windows/head';
import { PoolWindow } from './windows/pool';
import { LightningWindow } from './windows/lightning';
import { HistoryWindow } from './windows/verification';
import { SignInWindow } from './windows/sign-in';
import { SwapWindow } from './windows/swap';

export function App(): JSX.Element {
  return (
    <>
      <a class="skip" href="#swap">
        Skip to the swap
      </a>
      <MenuBar />
      <main class="desktop">
        <div class="column">
          <SignInWindow />
          <BalancesWindow />
          <LightningWindow />
        </div>
        <div class="column">
          <SwapWindow />
          <ChartsWindow />
        </div>
        <div class="column">
          <HeadWarning />
          <PoolWindow />
          <HistoryWindow />
          <AboutWindow />
        </div>
      </main>
    </>
  );
}

function MenuBar(): JSX.Element {
  const dark = theme.value === 'dark';
  return (
    <header class="menu-bar">
      <h1>Postfun</h1>
      <nav aria-label="Windows">
        <a href="#account">{session.value.phase === 'in' ? 'Account' : 'Sign in'}</a>
        <a href="#balances">Balances</a>
        <a href="#lightning">Lightning</a>
        <a href="#swap">Swap</a>
        <a href="#charts">Charts</a>
        <a href="#pool">Pool</a>
        <a href="#history">History</a>
        <a href="#about">About</a>
      </nav>
      <Lamp />
      <button type="button" class="small" onClick={toggleTheme} aria-pressed={dark} aria-label="Dark theme">
        Dark
      </button>
    </header>
  );
}
