/** What the signed-in person wants to be told: as the server has it, and as it is being changed. */
import { computed, effect, signal, untracked } from '@preact/signals';
import type { Preferences, Switch } from '../account/preferences';
import { browserZone, changesOf, draftProblem, turned } from '../account/preferences';
import { changePreferences, fetchPreferences, resetPreferences } from '../api/preferences';
import { openPanel } from './account';
import type { Loadable } from './loadable';
import { load, nothing } from './loadable';
import { describe } from './sentences';
import type { Notice } from './session';
import { user, userId } from './session';

export const preferences = signal<Loadable<Preferences>>(nothing());

/** What was changed and not saved. */
const draft = signal<Preferences | null>(null);

/** What the form shows. */
export const shownPreferences = computed<Preferences | null>(() => draft.value ?? preferences.value.value);

export const saving = signal(false);
export const preferencesNotice = signal<Notice | null>(null);

/** What saving would change; null when there is nothing to save. */
export const unsaved = computed(() => {
  const [saved, shown] = [preferences.value.value, shownPreferences.value];
  return saved === null || shown === null ? null : changesOf(saved, shown);
});

export const preferencesProblem = computed(() =>
  shownPreferences.value === null ? null : draftProblem(shownPreferences.value),
);

export function turn(name: Switch, on: boolean): void {
  const shown = shownPreferences.peek();
  if (shown !== null) change(turned(shown, name, on, browserZone()));
}

export function change(next: Preferences): void {
  draft.value = next;
  preferencesNotice.value = null;
}

export async function loadPreferences(): Promise<void> {
  await owned(() => load(preferences, fetchPreferences));
}

export async function savePreferences(): Promise<void> {
  const changes = unsaved.peek();
  if (changes === null || preferencesProblem.peek() !== null) return;
  await store(() => changePreferences(changes), 'Saved.');
}

export async function forgetPreferences(): Promise<void> {
  await store(resetPreferences, 'Everything is as it was in the beginning.');
}

async function store(act: () => Promise<Preferences>, done: string): Promise<void> {
  if (saving.peek()) return;
  saving.value = true;
  preferencesNotice.value = null;
  await owned(async () => {
    try {
      preferences.value = { value: await act(), at: Date.now(), loading: false, error: null };
      draft.value = null;
      preferencesNotice.value = { tone: 'info', text: done };
    } catch (cause) {
      preferencesNotice.value = { tone: 'danger', text: describe(cause) };
    }
  });
  saving.value = false;
}

/** The answer of a session that ended meanwhile belongs to nobody here. */
async function owned(act: () => Promise<unknown>): Promise<void> {
  const owner = user.peek()?.id;
  if (owner === undefined) return;
  await act();
  if (user.peek()?.id !== owner) forget();
}

function forget(): void {
  preferences.value = nothing();
  draft.value = null;
  preferencesNotice.value = null;
}

/** Reads the wishes whenever their part comes up, unless they are being changed. */
export function followPreferences(): void {
  effect(() => {
    const isShown = userId.value !== null && openPanel.value === 'notices';
    untracked(() => {
      preferencesNotice.value = null;
      if (user.peek() === null) forget();
      if (isShown && draft.peek() === null) void loadPreferences();
    });
  });
}
