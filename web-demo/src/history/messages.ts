/** What the page and its worker say to each other. */
import type { ReplaySummary } from 'postfun';
import type { Drill, Fault } from './drill';
import type { Moment } from './timeline';

/** A head that was found sound before, and how many bytes of history led to it. */
export interface Pin {
  seq: number;
  head: string;
  bytes: number;
}

export interface Verified {
  /** What the history amounts to, or the first thing that is wrong with it. */
  result: { summary: ReplaySummary; bytes: number } | { fault: Fault };
  /** Whether the history goes on from the pin; null without one. */
  extendsPin: boolean | null;
}

/** Each request with its answer. */
export interface Calls {
  /** Replays a history, given in pieces; later calls are about it. */
  verify: { request: { pages: Uint8Array[]; pin: Pin | null }; answer: Verified };
  /** Goes through the history once, so that `at` is quick; answers with the number of events. */
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
