import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { ChatMessage, Prompt } from '../src/engine/protocol.js';
import { useEngineFactory } from '../src/tasks/create.js';
import { ZeroShotClassifier, type ZeroShotCreateOptions } from '../src/tasks/zero-shot.js';
import { fakeEngine, type FakeEngine } from './fakes.js';

let restore = (): void => undefined;
afterEach(() => restore());

async function create(task: 'embed' | 'generate', options: ZeroShotCreateOptions, change: (fake: FakeEngine) => void = () => undefined) {
  const fake = fakeEngine(task);
  change(fake);
  restore = useEngineFactory(fake.factory);
  return { fake, classifier: await ZeroShotClassifier.create(options) };
}

const embedded = (fake: FakeEngine): string[][] =>
  fake.calls.filter(({ name }) => name === 'embed').map(({ args }) => (args as { texts: string[] }).texts);
const words = (prompt: Prompt): string => (typeof prompt === 'string' ? prompt : prompt.map(({ content }) => content).join(' '));
const near = (found: number | undefined, expected: number): void => assert.ok(Math.abs((found ?? NaN) - expected) < 1e-6, `${found}, not ${expected}`);

/** Vectors on a circle, by the first number in a text, in degrees. */
const onCircle = (fake: FakeEngine): void => {
  fake.vector = (text) => {
    const angle = (Number(/\d+/.exec(text)?.[0] ?? 0) * Math.PI) / 180;
    return [Math.cos(angle), Math.sin(angle)];
  };
};

test('an embedding model: softmax over the cosines with the labels', async () => {
  const { classifier, fake } = await create('embed', { labels: ['at 0', 'at 60'], temperature: 0.5 }, onCircle);
  assert.deepEqual(embedded(fake), [['This text is about at 0.'], ['This text is about at 60.']]);
  assert.deepEqual(classifier.labels, ['at 0', 'at 60']);
  const [first, second] = await classifier.classify('60');
  assert.deepEqual([first?.label, second?.label], ['at 60', 'at 0']);
  near(first?.score, 1 / (1 + Math.exp(-1)));
  near((first?.score ?? 0) + (second?.score ?? 0), 1);
  const [one, none] = [await classifier.classify(['0', '60'], { topK: 1 }), await classifier.classify([])];
  assert.deepEqual(one.map((scores) => scores.map(({ label }) => label)), [['at 0'], ['at 60']]);
  assert.deepEqual(none, []);
});

test('examples move a label, and a template is what you say', async () => {
  const labels = [{ label: '0', examples: ['90'] }, '60'];
  const { classifier, fake } = await create('embed', { labels, template: '{label}, {label}', temperature: 1 }, onCircle);
  assert.deepEqual(embedded(fake), [['0, 0', '90'], ['60, 60']]);
  const [best] = await classifier.classify('45');
  assert.equal(best?.label, '0'); // which lies at 45 now
  near(best?.score, 1 / (1 + Math.exp(Math.cos(Math.PI / 12) - 1)));
});

test('any number of labels: each stands for itself', async () => {
  const { classifier } = await create('embed', { labels: ['0', '90', '180'], multiLabel: true, threshold: 0.25, temperature: 0.5 }, onCircle);
  const scores = new Map((await classifier.classify('0')).map(({ label, score }) => [label, score]));
  near(scores.get('0'), 1 / (1 + Math.exp(-1.5)));
  near(scores.get('90'), 1 / (1 + Math.exp(0.5)));
  near(scores.get('180'), 1 / (1 + Math.exp(2.5)));
});

test('a language model: answers against how likely they are without a text', async () => {
  const asked: string[] = [];
  const { classifier } = await create('generate', { labels: ['tea', 'milk'], template: 'About {label}.' }, (fake) => {
    fake.likely = (prompt, ending) => {
      asked.push(words(prompt));
      // It likes milk, and learns a little from the text.
      return (ending === 'About milk.' ? -1 : -5) + (words(prompt).includes('Earl Grey') && ending === 'About tea.' ? 2 : 0);
    };
  });
  assert.equal(new Set(asked).size, 1);
  assert.match(asked[0] ?? '', /tea, milk.*N\/A/s);
  const [best, other] = await classifier.classify('Earl Grey');
  assert.deepEqual([best?.label, other?.label], ['tea', 'milk']);
  near(best?.score, 1 / (1 + Math.exp(-2)));
  near((best?.score ?? 0) + (other?.score ?? 0), 1);
});

test('a language model and any number of labels: yes against no', async () => {
  const { classifier } = await create('generate', { labels: ['tea', 'milk'], multiLabel: true }, (fake) => {
    fake.likely = (prompt, ending) => (ending === 'Yes' ? -1 : -2) + (/about tea.*Earl Grey/s.test(words(prompt)) && ending === 'Yes' ? 3 : 0);
  });
  const progress: number[][] = [];
  const [found] = await classifier.classify(['Earl Grey'], { onProgress: (done, total) => progress.push([done, total]) });
  assert.deepEqual(found?.map(({ label }) => label), ['tea', 'milk']);
  near(found?.[0]?.score, 1 / (1 + Math.exp(-3)));
  near(found?.[1]?.score, 0.5);
  assert.deepEqual(progress, [[1, 2], [2, 2]]);
});

test('a text is in the user turn, and a model without a template gets plain text', async () => {
  const prompts: Prompt[] = [];
  const { classifier } = await create('generate', { labels: ['a', 'b'] }, (fake) => {
    fake.likely = (prompt) => prompts.push(prompt) - 100;
  });
  await classifier.classify('the text');
  const last = prompts.at(-1) as ChatMessage[];
  assert.deepEqual(last.map(({ role }) => role), ['user']);
  assert.match(last[0]?.content ?? '', /the text$/);
  const plain: [Prompt, string][] = [];
  await create('generate', { labels: ['a', 'b'] }, (fake) => {
    fake.info.chat = false;
    fake.likely = (prompt, ending) => plain.push([prompt, ending]);
  });
  assert.equal(typeof plain[0]?.[0], 'string');
  assert.equal(plain[0]?.[1], ' This text is about a.');
});

test('what cannot be asked is refused before anything is loaded', async () => {
  const { fake } = await create('embed', { labels: ['a', 'b'] });
  const loads = fake.calls.length;
  for (const options of [{ labels: [] }, { labels: ['a'] }, { labels: ['a', 'a'] }, { labels: ['a', 'b'], template: 'x' }]) {
    await assert.rejects(ZeroShotClassifier.create(options), { code: 'BAD_INPUT' });
  }
  for (const options of [{}, { labels: ['a', ' '] }, { labels: ['a', { label: 'b', examples: [1] }] }]) await assert.rejects(ZeroShotClassifier.create(options as never), TypeError);
  await assert.rejects(ZeroShotClassifier.create({ labels: ['a', 'b'], temperature: 0 }), RangeError);
  await assert.rejects(ZeroShotClassifier.create({ labels: ['a', 'b'], threshold: 2 }), RangeError);
  assert.equal(fake.calls.length, loads);
  assert.equal((await ZeroShotClassifier.create({ labels: ['a'], multiLabel: true })).labels.length, 1);
});

test('signals, destroy, and a model that can do neither', async () => {
  const { classifier, fake } = await create('embed', { labels: ['a', 'b'] });
  const reason = new Error('enough');
  await assert.rejects(classifier.classify('a', { signal: AbortSignal.abort(reason) }), (error) => error === reason);
  await assert.rejects(classifier.classify('a', { topK: 0 }), RangeError);
  await assert.rejects(classifier.classify([1 as never]), TypeError);
  assert.deepEqual([classifier.maxTokens, await classifier.countTokens('a b'), (await classifier.memory()).heap], [200, 3, 3]);
  classifier.destroy();
  await assert.rejects(classifier.classify('a'), { name: 'AbortError', message: 'the classifier was destroyed' });
  assert.equal(fake.closed, 1);
  const wrong = fakeEngine('classify');
  restore = useEngineFactory(wrong.factory);
  await assert.rejects(ZeroShotClassifier.create({ labels: ['a', 'b'] }), { code: 'UNSUPPORTED_MODEL', message: /embed or generate is needed/ });
  const failing = fakeEngine('embed');
  failing.failNext.set('embed', new Error('no'));
  restore = useEngineFactory(failing.factory);
  await assert.rejects(ZeroShotClassifier.create({ labels: ['a', 'b'] }), { message: 'no' });
  assert.equal(failing.closed, 1, 'what was loaded is given back');
});
