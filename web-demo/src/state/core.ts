/** The WebAssembly module: it computes everything about money and keys, so the page needs it first. */
import { signal } from '@preact/signals';
import { CoreError, init, version } from 'postfun';

export type CoreState =
  | { phase: 'loading' }
  | { phase: 'ready'; version: string; commit: string }
  | { phase: 'failed'; why: string };

export const core = signal<CoreState>({ phase: 'loading' });

export async function startCore(): Promise<void> {
  core.value = { phase: 'loading' };
  try {
    await init();
    core.value = { phase: 'ready', ...version() };
  } catch (cause) {
    core.value = { phase: 'failed', why: cause instanceof Error ? cause.message : String(cause) };
  }
}

/** The code of a refusal made by the package; any other error is a fault and goes on. */
export function refusalCode(cause: unknown): string {
  if (cause instanceof CoreError) return cause.code;
  throw cause;
}
