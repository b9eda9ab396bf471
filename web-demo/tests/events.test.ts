import { expect, test } from 'vitest';
import type { ServerEvent } from '../src/api/events';
import { EventParser, readEvents } from '../src/api/events';

const TEXT =
  ':\n\nid: 1-2\nevent: balances\ndata: {"a":1}\n\nid: 2-2\r\nevent: balance.granted\r\ndata: {"b":\r\ndata: 2}\r\n\r\n:\n\ndata:x\n\n';

const EVENTS: ServerEvent[] = [
  { id: '1-2', name: 'balances', data: '{"a":1}' },
  { id: '2-2', name: 'balance.granted', data: '{"b":\n2}' },
  { id: '', name: 'message', data: 'x' },
];

test('events are the same however the network cuts them', () => {
  expect(new EventParser().push(TEXT)).toEqual(EVENTS);
  for (const length of [1, 2, 3, 7, 50]) {
    const parser = new EventParser();
    const pieces = TEXT.match(new RegExp(`[^]{1,${length}}`, 'g')) ?? [];
    expect(pieces.flatMap((piece) => parser.push(piece))).toEqual(EVENTS);
  }
});

test('an event that never ends is refused', () => {
  const parser = new EventParser();
  expect(() => {
    for (;;) parser.push('x'.repeat(100_000));
  }).toThrow('too long');
});

function streamOf(pieces: Uint8Array[], closes: boolean): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      if (closes) controller.close();
    },
  });
}

test('a stream is read to its end, letters whole', async () => {
  const bytes = new TextEncoder().encode('data: é€\n\n');
  const pieces = [...bytes].map((byte) => Uint8Array.of(byte));
  const taken: string[] = [];
  let signs = 0;
  await readEvents(
    streamOf(pieces, true),
    60_000,
    ({ data }) => taken.push(data),
    () => {
      signs += 1;
    },
  );
  expect(taken).toEqual(['é€']);
  expect(signs).toBe(bytes.length);
});

test('a stream that falls silent is given up', async () => {
  const taken: string[] = [];
  const silent = streamOf([new TextEncoder().encode('data: 1\n\n')], false);
  await readEvents(
    silent,
    20,
    ({ data }) => taken.push(data),
    () => undefined,
  );
  expect(taken).toEqual(['1']);
});
