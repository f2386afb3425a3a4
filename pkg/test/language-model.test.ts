import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { Args, ChatMessage } from '../src/engine/protocol.js';
import { RushlightError } from '../src/errors.js';
import { useEngineFactory } from '../src/tasks/create.js';
import { LanguageModel, type LanguageModelCreateOptions } from '../src/tasks/language-model.js';
import { fakeEngine, type FakeEngine, type Script } from './fakes.js';

let restore = (): void => undefined;
afterEach(() => restore());

async function session(options: LanguageModelCreateOptions = {}, script?: Script): Promise<{ session: LanguageModel; fake: FakeEngine }> {
  const fake = fakeEngine('generate', script);
  restore = useEngineFactory(fake.factory);
  return { session: await LanguageModel.create(options), fake };
}

const chats = (fake: FakeEngine): ChatMessage[][] =>
  fake.calls.filter(({ name }) => name === 'generate').map(({ args }) => (args as { prompt: ChatMessage[] }).prompt);
const words = (count: number): string => Array.from({ length: count }, () => 'w').join(' ');
const named = (name: string) => (error: unknown) => error instanceof DOMException && error.name === name;

test('a prompt is answered, and the next one sees both', async () => {
  const { session: chat, fake } = await session({}, () => ['hel', 'lo']);
  assert.equal(chat.contextUsage, 0);
  assert.equal(chat.contextWindow, 195); // 200 less the 5 around every conversation
  assert.equal(await chat.prompt('hi there'), 'hello');
  assert.equal(chat.contextUsage, 2 + 3 + 1 + 3);
  await chat.prompt('again');
  assert.deepEqual(chats(fake)[1], [
    { role: 'user', content: 'hi there' },
    { role: 'assistant', content: 'hello' },
    { role: 'user', content: 'again' },
  ]);
  assert.equal(chat.stats?.tokens, 2);
  assert.equal(chat.info().device, 'wasm');
});

test('streaming gives deltas in a native stream', async () => {
  const { session: chat } = await session({}, () => ['a', 'b', 'c']);
  const stream = chat.promptStreaming('x');
  assert.equal(Object.prototype.toString.call(stream), '[object ReadableStream]');
  const deltas: string[] = [];
  for await (const delta of stream) deltas.push(delta);
  assert.deepEqual(deltas, ['a', 'b', 'c']);
  assert.ok(chat.contextUsage > 0);
});

test('streaming throws at once if aborted already, and errors the stream if aborted later', async () => {
  const { session: chat } = await session({}, () => Array.from({ length: 100 }, () => 'w'));
  const reason = new Error('no');
  assert.throws(() => chat.promptStreaming('x', { signal: AbortSignal.abort(reason) }), (error) => error === reason);
  const abort = new AbortController();
  const reader = chat.promptStreaming('x', { signal: abort.signal }).getReader();
  await reader.read();
  abort.abort(reason);
  await assert.rejects(async () => { for (;;) if ((await reader.read()).done) break; }, (error) => error === reason);
  assert.equal(chat.contextUsage, 0, 'an aborted turn leaves no trace');
});

test('cancelling a stream stops the work silently', async () => {
  const { session: chat, fake } = await session({}, () => Array.from({ length: 100 }, () => 'w'));
  const reader = chat.promptStreaming('x').getReader();
  await reader.read();
  await reader.cancel();
  assert.equal(await chat.measureContextUsage('a b'), 5);
  assert.equal(fake.calls.filter(({ name }) => name === 'generate').length, 1);
});

test('turns of one session follow each other', async () => {
  const { session: chat, fake } = await session({}, (_prompt, calls) => [`answer${calls.filter(({ name }) => name === 'generate').length}`]);
  assert.deepEqual(await Promise.all([chat.prompt('one'), chat.prompt('two')]), ['answer1', 'answer2']);
  assert.equal(chats(fake)[1]?.length, 3);
});

test('an aborted prompt rejects at once even while it waits for its turn', async () => {
  const { session: chat } = await session({}, () => Array.from({ length: 50 }, () => 'w'));
  const first = chat.prompt('one');
  const reason = new Error('later');
  const abort = new AbortController();
  const second = chat.prompt('two', { signal: abort.signal });
  abort.abort(reason);
  await assert.rejects(second, (error) => error === reason);
  await first;
});

test('append costs exactly what measureContextUsage says, and initialPrompts count', async () => {
  const { session: chat, fake } = await session({ initialPrompts: [{ role: 'system', content: 'be brief' }] });
  assert.equal(chat.contextUsage, 5);
  const input = [
    { role: 'user' as const, content: [{ type: 'text' as const, value: 'a b ' }, { type: 'text' as const, value: 'c' }] },
    { role: 'assistant' as const, content: 'd' },
  ];
  const measured = await chat.measureContextUsage(input);
  await chat.append(input);
  assert.equal(chat.contextUsage - 5, measured);
  await chat.prompt('e');
  assert.deepEqual(chats(fake)[0]?.map(({ content }) => content), ['be brief', 'a b c', 'd', 'e']);
});

test('overflow drops the oldest turns, keeps the initial ones, and tells', async () => {
  const { session: chat, fake } = await session({ initialPrompts: [{ role: 'system', content: 'sys' }] }, () => [words(10)]);
  let overflows = 0;
  chat.oncontextoverflow = () => (overflows += 1);
  for (let i = 0; i < 5; i++) await chat.prompt(`${i} ${words(40)}`);
  assert.ok(overflows > 0);
  assert.ok(chat.contextUsage <= chat.contextWindow);
  const last = chats(fake).at(-1) ?? [];
  assert.equal(last[0]?.content, 'sys');
  assert.equal(last[1]?.role, 'user', 'no answer without its question');
  assert.ok(last.at(-1)?.content.startsWith('4 '));
});

test('a prompt larger than the window is a QuotaExceededError with numbers, and nothing is dropped', async () => {
  const { session: chat } = await session();
  await chat.append('kept');
  const usage = chat.contextUsage;
  await assert.rejects(chat.prompt(words(500)), (error: DOMException & { quota: number; requested: number }) => {
    assert.equal(error.name, 'QuotaExceededError');
    assert.ok(error instanceof DOMException);
    assert.equal(error.quota, chat.contextWindow);
    assert.equal(error.requested, 503);
    return true;
  });
  assert.equal(chat.contextUsage, usage);
  await assert.rejects(session({ initialPrompts: [{ role: 'system', content: words(500) }] }), { name: 'QuotaExceededError' });
});

test('an answer takes no more than what is left of the window', async () => {
  const { session: chat, fake } = await session({ maxTokens: 1000 });
  await chat.prompt(words(100));
  const call = fake.calls.find(({ name }) => name === 'generate')?.args as { sampling: { maxTokens: number } };
  assert.equal(call.sampling.maxTokens, 195 - 103 - 3);
});

test('sampling: call over session over catalog', async () => {
  const { session: chat, fake } = await session({ temperature: 0.9, topK: 5 });
  await chat.prompt('x', { temperature: 0, repetitionPenalty: 1.2, stop: ['!'] });
  const { sampling } = fake.calls.find(({ name }) => name === 'generate')?.args as { sampling: object };
  const expected = { maxTokens: 0, temperature: 0, topK: 5, topP: 0.9, repetitionPenalty: 1.2, stop: ['!'] };
  assert.deepEqual({ ...sampling, maxTokens: 0 }, expected);
});

test('clone goes its own way over the same weights', async () => {
  const { session: chat, fake } = await session();
  await chat.prompt('shared');
  const copy = await chat.clone();
  await copy.prompt('only here');
  assert.ok(copy.contextUsage > chat.contextUsage);
  chat.destroy();
  assert.equal(fake.closed, 0);
  assert.equal(await copy.prompt('still'), 'ok');
  copy.destroy();
  assert.equal(fake.closed, 1);
});

test('after destroy: InvalidStateError, and running calls reject', async () => {
  const { session: chat, fake } = await session({}, () => Array.from({ length: 100 }, () => 'w'));
  const running = chat.prompt('x');
  chat.destroy();
  await assert.rejects(running, named('InvalidStateError'));
  await assert.rejects(chat.prompt('x'), named('InvalidStateError'));
  await assert.rejects(chat.append('x'), named('InvalidStateError'));
  await assert.rejects(chat.clone(), named('InvalidStateError'));
  assert.throws(() => chat.promptStreaming('x'), named('InvalidStateError'));
  chat.destroy();
  assert.equal(fake.closed, 1);
});

test('the signal of create destroys the object later, with its reason', async () => {
  const abort = new AbortController();
  const { session: chat, fake } = await session({ signal: abort.signal });
  const reason = new Error('page left');
  abort.abort(reason);
  await assert.rejects(chat.prompt('x'), (error) => error === reason);
  assert.equal(fake.closed, 1);
});

test('input is checked as the W3C says', async () => {
  const { session: chat, fake } = await session();
  await assert.rejects(chat.prompt([{ role: 'system', content: 'x' }]), TypeError);
  await assert.rejects(chat.prompt([{ role: 'user', content: [{ type: 'image', value: {} }] }]), named('NotSupportedError'));
  await assert.rejects(chat.prompt([{ role: 'user', content: [{ type: 'text', value: 3 }] }]), TypeError);
  await assert.rejects(chat.prompt([{ role: 'robot' as never, content: 'x' }]), TypeError);
  await assert.rejects(chat.prompt([{ role: 'user', content: 'x', prefix: true }]), named('SyntaxError'));
  await assert.rejects(chat.prompt([{ role: 'assistant', content: 'x', prefix: true }]), named('NotSupportedError'));
  await assert.rejects(LanguageModel.create({ initialPrompts: [{ role: 'user', content: 'x' }, { role: 'system', content: 'x' }] }), TypeError);
  await assert.rejects(LanguageModel.create({ expectedInputs: [{ type: 'image' }] }), named('NotSupportedError'));
  await chat.prompt(null as never);
  await chat.prompt([]);
  assert.deepEqual(chats(fake).map((chat) => chat.at(-1)?.content), ['null', '']);
});

test('a constraint goes to the engine, and the model is told of it', async () => {
  const { session: chat, fake } = await session();
  const schema = { type: 'object', properties: { z: { type: 'string' }, a: { type: 'number' } } };
  const plain = await chat.measureContextUsage('one two');
  const told = await chat.measureContextUsage('one two', { responseConstraint: schema });
  assert.ok(told > plain, 'what it is told takes context');
  assert.equal(await chat.measureContextUsage('one two', { responseConstraint: schema, omitResponseConstraintInput: true }), plain);
  await chat.prompt('one', { responseConstraint: schema });
  await chat.prompt('two', { responseConstraint: /[a-z]+\/\d/su });
  await chat.prompt('three', { responseConstraint: {}, omitResponseConstraintInput: true });
  for await (const _ of chat.promptStreaming('four', { responseConstraint: /x/ }));
  await chat.prompt('five');
  const json = JSON.stringify(schema);
  const asked = fake.calls.filter(({ name }) => name === 'generate').map(({ args }) => args as Args<'generate'>);
  assert.deepEqual(
    asked.map(({ constraint }) => constraint),
    [{ jsonSchema: json }, { regex: { source: '[a-z]+\\/\\d', flags: 'su' } }, { jsonSchema: '{}' }, { regex: { source: 'x', flags: '' } }, undefined],
  );
  assert.deepEqual(
    chats(fake).map((turns) => turns.at(-1)?.content),
    [
      `one\n\nAnswer with JSON that fits this schema: ${json}`,
      'two\n\nAnswer with text that matches this regular expression: [a-z]+\\/\\d',
      'three',
      'four\n\nAnswer with text that matches this regular expression: x',
      'five',
    ],
  );
});

test('what cannot be a constraint is refused before the engine is asked', async () => {
  const { session: chat, fake } = await session();
  const before = fake.calls.length;
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  for (const given of [circular, [], () => 1, { toJSON: () => 3 }, { n: 1n }, /x/i, /x/g]) {
    await assert.rejects(chat.prompt('x', { responseConstraint: given }), named('NotSupportedError'));
  }
  for (const given of ['{}', 1, true, null]) {
    await assert.rejects(chat.prompt('x', { responseConstraint: given as never }), TypeError);
  }
  await assert.rejects(chat.prompt('x', { omitResponseConstraintInput: true }), TypeError);
  assert.throws(() => chat.promptStreaming('x', { responseConstraint: circular }), named('NotSupportedError'));
  await assert.rejects(chat.measureContextUsage('x', { responseConstraint: /x/y }), named('NotSupportedError'));
  assert.equal(fake.calls.length, before);
  assert.equal(new RushlightError('UNSUPPORTED_CONSTRAINT', '').name, 'NotSupportedError');
  assert.equal(new RushlightError('IMPOSSIBLE_CONSTRAINT', '').name, 'SyntaxError');
});

test('create: statics work detached, errors pass through, aborts win', async () => {
  const { create, availability } = LanguageModel;
  const fake = fakeEngine('generate');
  restore = useEngineFactory(fake.factory);
  (await create()).destroy();
  const thrown = new Error('from the monitor');
  await assert.rejects(create({ monitor: () => { throw thrown; } }), (error) => error === thrown);
  const reason = new Error('before');
  await assert.rejects(create({ signal: AbortSignal.abort(reason) }), (error) => error === reason);
  await assert.rejects(create({ model: 'no-such-model' }), { code: 'MODEL_NOT_FOUND', message: /smollm2-135m-instruct/ });
  await assert.rejects(create({ device: 'gpu' as never }), TypeError);
  fake.failNext.set('load', new RushlightError('NETWORK', 'no'));
  await assert.rejects(create(), { code: 'NETWORK', name: 'NetworkError' });
  assert.equal(await availability({ model: 'no-such-model' }), 'unavailable');
  assert.equal(await availability({ expectedInputs: [{ type: 'audio' }] }), 'unavailable');
  assert.equal(await availability({ modelsUrl: 'https://models.example/' }), 'downloadable');
  assert.equal(await availability({ modelsUrl: 'file:///nowhere/' }), 'unavailable');
  assert.equal(await availability({ model: { files: { 'w.gguf': new Blob() } } }), 'available');
});
