/** What the page and its worker say to each other. */
import type { ReplaySummary } from 'postfun';
import type { Drill, Fault } from './drill';
import type { Moment } from './timeline';

/** A place of a history, and the hash of its event. */
export interface Place {
  seq: number;
  head: string;
}

export interface Verified {
  summary: ReplaySummary;
  /** The pool as it is now, for the next time to go on from. */
  checkpoint: Uint8Array;
  /** How long replaying took. */
  millis: number;
  /** Whether the history leads through the place that was asked about; null when that is not in what was replayed. */
  passes: boolean | null;
}

/** Each request with its answer. */
export interface Calls {
  /** Begins a verification: at the first event, or behind a checkpoint. `witness` is one that has to come true. */
  begin: { request: { checkpoint: Uint8Array | null; witness: Uint8Array | null }; answer: null };
  /** Replays the next piece, cut between events; answers with the first thing that is wrong. */
  push: { request: { pages: Uint8Array[] }; answer: Fault | null };
  /** Ends a sound verification; later calls are about its history. */
  end: { request: { place: Place | null }; answer: Verified };
  /** Goes through the history once, so that `at` is quick; answers with the number of its first event. */
  walk: { request: object; answer: number };
  /** The pool after an event. */
  at: { request: { seq: number }; answer: Moment };
  /** Tampers with a copy; null when there is no swap. */
  drill: { request: object; answer: Drill | null };
}

export type CallName = keyof Calls;

export type Question = { [Name in CallName]: { id: number; name: Name } & Calls[Name]['request'] }[CallName];

export type Reply =
  | { id: number; kind: 'progress'; done: number }
  | { id: number; kind: 'answer'; answer: unknown }
  | { id: number; kind: 'failed'; why: string };
