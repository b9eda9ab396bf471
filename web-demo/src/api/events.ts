/** Server-sent events over `fetch`, because the browser's own `EventSource` cannot send a token. */

export interface ServerEvent {
  /** Where to go on after it; empty when the event says nothing about that. */
  id: string;
  name: string;
  data: string;
}

/** An event that grows beyond this is not one of the server's. */
const EVENT_CHARS_MAX = 1 << 20;

/** Cuts a stream's text into events as it arrives (WHATWG HTML, section 9.2.6); comments are none. */
export class EventParser {
  private rest = '';

  /** Takes the next piece of text; gives the events that are complete with it. */
  push(text: string): ServerEvent[] {
    const blocks = (this.rest + text).split(/\r?\n\r?\n/);
    this.rest = blocks.pop() ?? '';
    if (this.rest.length > EVENT_CHARS_MAX) throw new Error('An event is too long.');
    return blocks.map(readBlock).filter((event) => event !== null);
  }
}

function readBlock(block: string): ServerEvent | null {
  const event: ServerEvent = { id: '', name: 'message', data: '' };
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') data.push(value);
    else if (field === 'id') event.id = value;
    else if (field === 'event') event.name = value;
  }
  return data.length === 0 ? null : { ...event, data: data.join('\n') };
}

/**
 * Reads a stream until it ends, breaks off or falls silent; `alive` hears of every piece, events or not.
 *
 * @param silentMs - how long nothing may arrive; the server says several times a minute that it is there
 */
export async function readEvents(
  body: ReadableStream<Uint8Array>,
  silentMs: number,
  take: (event: ServerEvent) => void,
  alive: () => void,
): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new EventParser();
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    for (;;) {
      timer = setTimeout(() => void reader.cancel(), silentMs);
      const { done, value } = await reader.read();
      clearTimeout(timer);
      if (done) return;
      alive();
      for (const event of parser.push(decoder.decode(value, { stream: true }))) take(event);
    }
  } finally {
    clearTimeout(timer);
    await reader.cancel().catch(() => undefined);
  }
}
