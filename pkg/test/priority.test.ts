import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { EngineFactory } from '../src/engine/model.js';
import { guard } from '../src/moderation/guard.js';
import { Moderator } from '../src/moderation/moderator.js';
import type { ModerateOptions } from '../src/moderation/types.js';
import { useEngineFactory } from '../src/tasks/create.js';
import { Classifier } from '../src/tasks/classifier.js';
import { Embedder } from '../src/tasks/embedder.js';
import { LanguageModel } from '../src/tasks/language-model.js';
import { Summarizer } from '../src/tasks/summarizer.js';
import { ZeroShotClassifier } from '../src/tasks/zero-shot.js';
import { fakeEngine, type FakeCall } from './fakes.js';
import { fakeModeration } from './moderation-fakes.js';

const MODEL = { files: { 'model.safetensors': new ArrayBuffer(8) } };
const COMPUTES = ['embed', 'classify', 'continuations', 'generate'];
const background = { priority: 'background' } as const;

let restore = (): void => undefined;
afterEach(() => restore());

function use<T extends { factory: EngineFactory }>(fake: T): T {
  restore();
  restore = useEngineFactory(fake.factory);
  return fake;
}

/** What the model was told of the priority, each time that it was to compute. */
function priorities({ calls }: { calls: FakeCall[] }): unknown[] {
  const told = calls.splice(0).filter(({ name }) => COMPUTES.includes(name)).map(({ args }) => args as { priority?: unknown; sampling?: { priority?: unknown } });
  return told.map(({ priority, sampling }) => priority ?? sampling?.priority);
}

test('texts are embedded and classified in the background', async () => {
  const embed = use(fakeEngine('embed'));
  await (await Embedder.create()).embed(['a', 'b'], background);
  assert.deepEqual(priorities(embed), ['background']);
  const classify = use(fakeEngine('classify'));
  const classifier = await Classifier.create({ model: MODEL });
  await classifier.classify('a', background);
  await classifier.classify('a');
  assert.deepEqual(priorities(classify), ['background', undefined]);
});

test('labels of your own are found in the background, with either kind of model', async () => {
  for (const task of ['embed', 'generate'] as const) {
    const fake = use(fakeEngine(task));
    const classifier = await ZeroShotClassifier.create({ labels: ['a', 'b'], multiLabel: true });
    priorities(fake);
    await classifier.classify('c', background);
    assert.deepEqual(priorities(fake), task === 'embed' ? ['background'] : ['background', 'background'], task);
  }
});

test('a language model answers in the background, and a summarizer reads parts and writes in it', async () => {
  const fake = use(fakeEngine('generate', () => ['Short.'], 400));
  await (await LanguageModel.create()).prompt('a', background);
  assert.deepEqual(priorities(fake), ['background']);
  const summarizer = await Summarizer.create({ type: 'tldr' });
  await summarizer.summarize('One sentence of a few words. '.repeat(60), background);
  const told = priorities(fake);
  assert.ok(told.length > 2, 'there are parts');
  assert.deepEqual(new Set(told), new Set(['background']));
});

test('a moderator scores in the background, what it explains too, and for a guard or a summarizer', async () => {
  const fake = use(fakeModeration(() => ({ hate: 0.99 })));
  const moderator = await Moderator.create({ model: MODEL });
  await moderator.moderate('I hate them. I do.', { explain: true, ...background });
  assert.deepEqual(priorities(fake), ['background', 'background']);
  const text = new ReadableStream<string>({ start: (out) => (out.enqueue('I hate them.'), out.close()) });
  for await (const _ of guard(text, moderator, background));
  assert.deepEqual(priorities(fake), ['background']);

  const told: unknown[] = [];
  use(fakeEngine('generate'));
  const spy = { moderate: (text: string, options?: ModerateOptions) => (told.push(options?.priority), moderator.moderate(text, { thresholds: { hate: false } })) };
  await (await Summarizer.create({ moderator: spy })).summarize('Some text.', background);
  assert.deepEqual(told, ['background']);
});
