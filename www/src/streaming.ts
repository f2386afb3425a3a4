import type { Status } from './status.ts';

/** Writes a stream of deltas as they come, with the speed beside it; `unit` is what a delta is. */
export async function show(
  stream: ReadableStream<string>,
  target: HTMLElement,
  status: Status,
  unit: 'tokens' | 'sentences' = 'tokens',
): Promise<void> {
  const live = target.closest<HTMLElement>('[role=log], [role=status]') ?? target;
  // Busy until the end: a screen reader then reads the answer once, not word by word.
  live.setAttribute('aria-busy', 'true');
  const words = document.createTextNode('');
  target.replaceChildren(words);
  status.speed('Reading the text…');
  const started = performance.now();
  let first = 0;
  let deltas = 0;
  try {
    for await (const delta of stream) {
      const now = performance.now();
      deltas += 1;
      if (deltas === 1) first = now;
      words.appendData(delta);
      live.scrollTop = live.scrollHeight;
      const wait = `first ${unit === 'tokens' ? 'word' : 'sentence'} after ${((first - started) / 1000).toFixed(1)} s`;
      const rate = ((deltas - 1) * 1000) / (now - first);
      status.speed(deltas === 1 ? wait : `${rate.toFixed(1)} ${unit}/s, ${wait}`);
    }
  } finally {
    live.setAttribute('aria-busy', 'false');
  }
}
