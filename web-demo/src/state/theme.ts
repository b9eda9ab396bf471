/** Light or dark: the system's choice until a person chooses otherwise. */
import { computed, effect, signal } from '@preact/signals';
import { browser } from './storage';

export type Theme = 'light' | 'dark';

const system = matchMedia('(prefers-color-scheme: dark)');
const systemTheme = signal<Theme>(system.matches ? 'dark' : 'light');
const stored = browser.read('theme');
const chosen = signal<Theme | null>(stored === 'light' || stored === 'dark' ? stored : null);

export const theme = computed<Theme>(() => chosen.value ?? systemTheme.value);

/** Changes to the other theme; arriving at the system's own means following the system again. */
export function toggleTheme(): void {
  const next: Theme = theme.value === 'dark' ? 'light' : 'dark';
  chosen.value = next === systemTheme.value ? null : next;
}

export function startTheme(): void {
  system.addEventListener('change', ({ matches }) => {
    systemTheme.value = matches ? 'dark' : 'light';
  });
  effect(() => {
    if (chosen.value === null) {
      browser.drop('theme');
      delete document.documentElement.dataset['theme'];
    } else {
      browser.write('theme', chosen.value);
      document.documentElement.dataset['theme'] = chosen.value;
    }
  });
}
