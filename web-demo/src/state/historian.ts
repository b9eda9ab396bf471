/** The page's side of the worker that knows a pool's whole history. */
import type { CallName, Calls, Reply } from '../history/messages';

interface Waiting {
  resolve: (answer: never) => void;
  reject: (cause: Error) => void;
  progress: (done: number) => void;
}

export interface Historian {
  ask: <Name extends CallName>(
    name: Name,
    request: Calls[Name]['request'],
    progress?: (done: number) => void,
  ) => Promise<Calls[Name]['answer']>;
  /** Ends the worker; what is still asked never answers. */
  end: () => void;
}

export function startHistorian(): Historian {
  const worker = new Worker(new URL('../history/worker.ts', import.meta.url), { type: 'module' });
  const waiting = new Map<number, Waiting>();
  let last = 0;
  let broken: Error | null = null;
  worker.onmessage = ({ data }: MessageEvent<Reply>) => {
    const call = waiting.get(data.id);
    if (data.kind === 'progress') return call?.progress(data.done);
    waiting.delete(data.id);
    if (data.kind === 'answer') call?.resolve(data.answer as never);
    else call?.reject(new Error(data.why));
  };
  worker.onerror = () => {
    broken = new Error('the worker did not start');
    for (const { reject } of waiting.values()) reject(broken);
    waiting.clear();
  };
  return {
    ask: (name, request, progress = () => undefined) =>
      new Promise((resolve, reject) => {
        if (broken !== null) return reject(broken);
        last += 1;
        waiting.set(last, { resolve, reject, progress });
        // Bytes are handed over, not copied.
        const bytes = 'pages' in request ? request.pages.map(({ buffer }) => buffer as ArrayBuffer) : [];
        worker.postMessage({ id: last, name, ...request }, bytes);
      }),
    end: () => worker.terminate(),
  };
}
