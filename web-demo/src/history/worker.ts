/** The worker: everything about whole histories, away from the page so that it never stands still. */
import { init, replayLog } from 'postfun';
import { drill, faultOf, joined } from './drill';
import type { Pin, Question, Reply, Verified } from './messages';
import { hex, Records } from './records';
import { Timeline } from './timeline';

let records: Records | null = null;
let timeline: Timeline | null = null;

const say = (reply: Reply): void => self.postMessage(reply);

self.addEventListener('message', ({ data }: MessageEvent<Question>) => void answer(data));

async function answer(question: Question): Promise<void> {
  const { id } = question;
  try {
    await init();
    say({ id, kind: 'answer', answer: await respond(question) });
  } catch (cause) {
    say({ id, kind: 'failed', why: cause instanceof Error ? cause.message : String(cause) });
  }
}

function respond(question: Question): unknown {
  switch (question.name) {
    case 'verify':
      return verify(joined(question.pages), question.pin);
    case 'walk':
      timeline = new Timeline(known(), (done) => say({ id: question.id, kind: 'progress', done }));
      return known().count;
    case 'at':
      if (timeline === null) throw new Error('the history was not gone through yet');
      return timeline.at(question.seq);
    case 'drill':
      return drill(known(), Math.random);
  }
}

function known(): Records {
  if (records === null) throw new Error('no sound history is known');
  return records;
}

function verify(log: Uint8Array, pin: Pin | null): Verified {
  [records, timeline] = [null, null];
  try {
    const summary = replayLog(log);
    records = new Records(log);
    const extendsPin = pin === null ? null : leadsTo(pin, records);
    return { result: { summary, bytes: log.length }, extendsPin };
  } catch (cause) {
    return { result: { fault: faultOf(cause) }, extendsPin: null };
  }
}

/** Whether the beginning of a sound history is the one that was seen before. */
function leadsTo({ seq, head, bytes }: Pin, history: Records): boolean {
  const isThere = seq >= 1 && seq <= history.count;
  return isThere && history.end(seq) === bytes && hex(history.hash(seq)) === head;
}
