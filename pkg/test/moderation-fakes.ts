import type { EngineFactory } from '../src/engine/model.js';
import type { Args, CallName, EngineCallOptions, Result } from '../src/engine/protocol.js';
import { LABELS } from '../src/moderation/policy.js';
import { countTokens, INFO, type FakeCall } from './fakes.js';

/** What a fake model says of a text; labels that are missing score 0. */
export type Judge = (text: string) => Partial<Record<string, number>>;

export interface FakeModeration {
  factory: EngineFactory;
  calls: FakeCall[];
  closed: number;
  /** Texts that were scored. */
  scored(): string[];
}

/** Undoes 1 for i, 3 for e, and zero-width spaces. */
function normalize(text: string): { text: string; offsets: Uint32Array } {
  const offsets: number[] = [];
  let normal = '';
  for (const [index, unit] of text.split('').entries()) {
    if (unit === '\u200b') continue;
    normal += { 1: 'i', 3: 'e' }[unit] ?? unit;
    offsets.push(index);
  }
  return { text: normal, offsets: Uint32Array.from([...offsets, text.length]) };
}

/** An engine that moderates by a function. A word is a token, and one more is around each text. */
export function fakeModeration(judge: Judge = () => ({}), { context = 512, labels = [...LABELS] as string[] } = {}): FakeModeration {
  const calls: FakeCall[] = [];
  const answers: { [K in CallName]?: (args: Args<K>) => Result<K> } = {
    load: ({ id }) => ({ ...INFO, context, labels, task: 'classify', model: id, reason: 'fake' }),
    normalize: ({ texts }) => texts.map(normalize),
    count: ({ prompts }) => prompts.map(countTokens),
    classify: ({ texts }) => {
      return texts.map((text) => labels.map((label) => ({ label, score: judge(text)[label] ?? 0 })).sort((a, b) => b.score - a.score));
    },
    memory: () => ({ heap: 3, host: 2, device: 1, weights: 1, cache: 1 }),
  };
  const fake: FakeModeration = {
    calls,
    closed: 0,
    scored: () => calls.filter(({ name }) => name === 'classify').flatMap(({ args }) => (args as Args<'classify'>).texts),
    factory: () => ({
      async call<K extends CallName>(name: K, args: Args<K>, options: EngineCallOptions<K> = {}): Promise<Result<K>> {
        calls.push({ name, args });
        await new Promise((resolve) => setImmediate(resolve));
        options.signal?.throwIfAborted();
        const answer = answers[name] as ((args: Args<K>) => Result<K>) | undefined;
        if (answer === undefined) throw new Error(`a moderator has no use for ${name}`);
        return answer(args);
      },
      close() {
        fake.closed += 1;
      },
    }),
  };
  return fake;
}
