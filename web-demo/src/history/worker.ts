/** The worker: everything about whole histories, away from the page so that it never stands still. */
import { init } from 'postfun';
import { drill, joined } from './drill';
import type { Place, Question, Reply, Verified } from './messages';
import type { Records } from './records';
import { Timeline } from './timeline';
import { Verification } from './verification';

let verification: Verification | null = null;
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
    case 'begin':
      [records, timeline] = [null, null];
      verification?.free();
      verification = new Verification(question.checkpoint, question.witness);
      return null;
    case 'push':
      return running().push(joined(question.pages));
    case 'end':
      return end(question.place);
    case 'walk':
      timeline = new Timeline(known(), (done) => say({ id: question.id, kind: 'progress', done }));
      return known().first;
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

function running(): Verification {
  if (verification === null) throw new Error('no verification has begun');
  return verification;
}

function end(place: Place | null): Verified {
  const ended = running().end(place);
  ({ records } = ended);
  verification?.free();
  verification = null;
  return ended.verified;
}
