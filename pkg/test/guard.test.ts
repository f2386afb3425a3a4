import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RushlightError } from '../src/errors.js';
import { SentenceCutter } from '../src/moderation/cutter.js';
import { guard, type GuardFlag, type GuardModerator, type GuardOptions } from '../src/moderation/guard.js';
import type { Moderation, ModerationPolicy } from '../src/moderation/types.js';

type Texts = readonly string[];

function verdict(flagged: boolean): Moderation {
  const scores = { hate: 0, harassment: 0, violence: 0, sexual: 0, self_harm: 0, profanity: 0, injection: 0, illicit: 0, toxic: flagged ? 1 : 0 };
  const categories = Object.fromEntries(Object.entries(scores).map(([label, score]) => [label, score > 0])) as Moderation['categories'];
  return { flagged, categories, scores, tokens: 1, truncated: false, windows: 1 };
}

/** Flags texts with "bad" in them, and those that say both "split" and "insult". */
const isBad = (text: string): boolean => text.includes('bad') || (text.includes('split') && text.includes('insult'));

class FakeModerator implements GuardModerator {
  readonly calls: string[][] = [];
  readonly policies: (ModerationPolicy | undefined)[] = [];
  /** Waited for before each answer. */
  wait: () => Promise<unknown> = () => Promise.resolve();

  async moderate(texts: Texts, options?: ModerationPolicy & { signal?: AbortSignal }): Promise<Moderation[]> {
    this.calls.push([...texts]);
    this.policies.push(options);
    await this.wait();
    options?.signal?.throwIfAborted();
    return texts.map((text) => verdict(isBad(text)));
  }
}

function streamOf(...pieces: string[]): ReadableStream<string> {
  return new ReadableStream({
    pull(controller) {
      const piece = pieces.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(piece);
    },
  });
}

async function all(stream: ReadableStream<string>): Promise<string[]> {
  const pieces: string[] = [];
  for await (const piece of stream) pieces.push(piece);
  return pieces;
}

/** What comes out, and the flags. */
async function run(text: string | string[], options: GuardOptions = {}): Promise<{ out: string; flags: GuardFlag[]; moderator: FakeModerator }> {
  const moderator = new FakeModerator();
  const flags: GuardFlag[] = [];
  const source = streamOf(...(typeof text === 'string' ? [text] : text));
  const out = (await all(guard(source, moderator, { ...options, onFlag: (flag) => flags.push(flag) }))).join('');
  return { out, flags, moderator };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Numbers that look random and are the same each time. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const WORDS = ['good', 'bad', 'split', 'insult', 'Mr. Fox', '3.5', 'e.g.', '😀', '👩‍👩‍👧', 'né', 'これは文です。', '「はい。」', '- item', '1.', '```js', 'x = {};', '**bold.**'];
const GAPS = [' ', ' ', ' ', ' ', '. ', '! ', '?" ', '…\n', '\n', '\n\n', '\r\n', '\t', '', '.'];

function randomText(pick: (below: number) => number): string {
  let text = '';
  for (let count = pick(60); count > 0; count--) {
    text += `${WORDS[pick(WORDS.length)]}${GAPS[pick(GAPS.length)]}`;
    if (pick(25) === 0) text += ['x'.repeat(900), '😀'.repeat(450), ' '.repeat(500), 'word '.repeat(200)][pick(4)];
  }
  return text;
}

/** Cuts anywhere, within words and surrogate pairs too. */
function randomPieces(text: string, pick: (below: number) => number): string[] {
  const pieces: string[] = [];
  const most = [1, 3, 20, 500, 5000][pick(5)] as number;
  for (let at = 0; at < text.length; ) {
    const size = 1 + pick(most);
    pieces.push(text.slice(at, at + size));
    at += size;
  }
  return pieces;
}

test('whatever the text and its pieces: flag changes no byte, redact shows nothing flagged, sentences stay the same', async () => {
  for (let seed = 1; seed <= 300; seed++) {
    const pick = random(seed);
    const text = randomText(pick);
    const pieces = randomPieces(text, pick);
    const flagged = await run(pieces, { mode: 'flag' });
    assert.equal(flagged.out, text, `seed ${seed}`);
    for (const { text: sentence, start, end } of flagged.flags) assert.equal(text.slice(start, end), sentence);

    const redacted = await run(pieces, { mode: 'redact', replacement: '#' });
    assert.ok(!redacted.out.includes('bad'), `seed ${seed}: ${redacted.out}`);
    assert.deepEqual(redacted.flags, flagged.flags);
    let expected = '';
    let at = 0;
    for (const { start, end } of flagged.flags) {
      expected += `${text.slice(at, start)}#`;
      at = end;
    }
    assert.equal(redacted.out, expected + text.slice(at), `seed ${seed}: everything else is there`);

    const whole = new SentenceCutter(400);
    const cut = new SentenceCutter(400);
    const sentences = [...whole.push(text), ...whole.finish()];
    assert.deepEqual([...pieces.flatMap((piece) => cut.push(piece)), ...cut.finish()], sentences, `seed ${seed}`);
    for (const sentence of sentences) assert.ok(sentence.length > 0 && sentence.length <= 400, `seed ${seed}: ${sentence.length}`);
    for (const sentence of sentences) assert.doesNotMatch(sentence, /\p{Cs}/u, `seed ${seed}: a pair was cut`);
  }
});

test('sentences, lines, list items and code are cut where a reader would', () => {
  const cut = (text: string): string[] => {
    const cutter = new SentenceCutter(60);
    return [...cutter.push(text), ...cutter.finish()];
  };
  assert.deepEqual(cut('Mr. Fox ran 3.5 miles. "Why?" he said. no idea! end'), ['Mr. Fox ran 3.5 miles. ', '"Why?" ', 'he said. ', 'no idea! ', 'end']);
  assert.deepEqual(cut('1. One\n2. Two\n\n```\nif (a.b) {\n}\n```'), ['1. One\n', '2. Two\n', '\n', '```\n', 'if (a.b) {\n', '}\n', '```']);
  assert.deepEqual(cut('これは文です。「はい。」次'), ['これは文です。', '「はい。」', '次']);
  assert.deepEqual(cut('aaaa '.repeat(20)), ['aaaa '.repeat(12), 'aaaa '.repeat(8)], 'between words');
  assert.deepEqual(cut(`a${'😀'.repeat(40)}`).map(({ length }) => length), [59, 22], 'not within a pair');
});

test('a flagged sentence is replaced, the white space around it is not', async () => {
  const { out, flags, moderator } = await run('Good.\n  This is bad!  \nGood again.');
  assert.equal(out, 'Good.\n  […] \u{20}\nGood again.');
  assert.equal(flags.length, 1);
  const [flag] = flags;
  assert.deepEqual([flag?.text, flag?.start, flag?.end, flag?.context], ['This is bad!', 8, 20, undefined]);
  assert.deepEqual([flag?.categories.toxic, flag?.scores.toxic], [true, 1]);
  assert.equal(moderator.policies[0]?.surface, 'output');
  assert.ok(!('preset' in (moderator.policies[0] ?? {})), "what is not given stays the moderator's own");
});

test('the policy that is given reaches the moderator', async () => {
  const { moderator } = await run('x', { preset: 'strict', surface: 'comment', thresholds: { toxic: 0.2 } });
  const { signal, ...policy } = moderator.policies[0] as ModerationPolicy & { signal: AbortSignal };
  assert.deepEqual(policy, { preset: 'strict', surface: 'comment', thresholds: { toxic: 0.2 } });
  assert.ok(signal instanceof AbortSignal);
});

test('what is only flagged together is caught at the second sentence, over blank lines too', async () => {
  for (const gap of [' ', '\n\n', '\n \n']) {
    const { out, flags } = await run(`Fine. This is split.${gap}The insult. Fine.`);
    assert.equal(out, `Fine. This is split.${gap}[…] Fine.`);
    assert.deepEqual(flags.map(({ text, context }) => [text, context]), [['The insult.', 'This is split.']]);
  }
});

test('a flagged sentence does not taint the one after it', async () => {
  for (const pieces of [['It is bad. Fine one. Fine two.'], ['It is bad. ', 'Fine one. ', 'Fine two.']]) {
    const { flags } = await run(pieces);
    assert.deepEqual(flags.map(({ text }) => text), ['It is bad.']);
  }
});

test('two classifications a sentence at most, a few sentences a call, none for white space', async () => {
  const sentences = Array.from({ length: 50 }, (_, index) => `Sentence ${index}.`);
  const { moderator } = await run(`\n\n${sentences.join(' ')}`);
  const asked = moderator.calls.flat();
  assert.equal(asked.length, 2 * sentences.length - 1);
  assert.deepEqual(asked.slice(0, 3), ['Sentence 0.', 'Sentence 1.', 'Sentence 0. Sentence 1.']);
  for (const call of moderator.calls) assert.ok(call.length > 0 && call.length <= 8);
});

test('a sentence comes out before the next one is whole', async () => {
  const text = 'The first sentence has some words. The second one is longer than the first one was. And a third! Then the last one. ';
  const words = text.split(/(?<= )/);
  // The moderator answers when so many more words have come: it takes as long as they do.
  for (const takes of [0, 2]) {
    let now = 0;
    const moderator = new FakeModerator();
    moderator.wait = async () => {
      const until = now + takes;
      while (now < until) await turn();
    };
    let source: ReadableStreamDefaultController<string> | undefined;
    const arrived: { piece: string; at: number }[] = [];
    const reading = (async () => {
      const stream = new ReadableStream<string>({ start: (controller) => void (source = controller) });
      for await (const piece of guard(stream, moderator)) arrived.push({ piece, at: now });
    })();
    const whole: number[] = [];
    for (const word of [...words, 'x ', 'x ', 'x ']) {
      source?.enqueue(word);
      now += 1;
      if (/[.!?] $/.test(word)) whole.push(now);
      for (let i = 0; i < 20; i++) await turn();
    }
    const delays = whole.map((at, index) => (arrived[index]?.at ?? Infinity) - at);
    assert.deepEqual(delays, whole.map(() => takes), 'words between the end of a sentence and its appearance');
    now = Infinity;
    source?.close();
    await reading;
  }
});

test('the source is read on while sentences are scored, up to a bound, and not before anybody reads', async () => {
  let given = 0;
  const source = new ReadableStream<string>(
    { pull: (controller) => controller.enqueue(`Sentence number ${given++} is here. `) },
    { highWaterMark: 0 },
  );
  const moderator = new FakeModerator();
  let answer = (): void => undefined;
  moderator.wait = () => new Promise<void>((resolve) => (answer = resolve));
  const reader = guard(source, moderator).getReader();
  for (let i = 0; i < 50; i++) await turn();
  assert.equal(given, 0, 'nothing is read ahead of the first reader');
  const first = reader.read();
  for (let i = 0; i < 500; i++) await turn();
  assert.ok(given > 20 && given < 80, `${given} sentences read`);
  answer();
  await first;
  await reader.cancel();
});

test('stop ends with an error that has a code, after what was before it, and cancels the source', async () => {
  let cancelled: unknown;
  const pieces = ['One. Two. It is ', 'bad. Three.', 'Four.'];
  const source = new ReadableStream<string>({
    pull: (controller) => controller.enqueue(pieces.shift() ?? 'More. '),
    cancel: (reason) => void (cancelled = reason),
  });
  const shown: string[] = [];
  const flags: GuardFlag[] = [];
  await assert.rejects(
    async () => {
      for await (const piece of guard(source, new FakeModerator(), { mode: 'stop', onFlag: (flag) => flags.push(flag) })) shown.push(piece);
    },
    (error: unknown) => error instanceof RushlightError && error.code === 'FLAGGED' && error.name === 'NotReadableError' && error.cause === flags[0],
  );
  assert.equal(shown.join(''), 'One. Two. ');
  assert.equal(flags.length, 1);
  assert.ok(cancelled instanceof RushlightError);
});

test('stop with a message ends with it, and nothing more', async () => {
  for (const message of ['Sorry, no more.', '']) {
    const { out, flags } = await run(['One. It is bad. Th', 'ree. Unfinished'], { mode: 'stop', message });
    assert.equal(out, `One. ${message}`);
    assert.equal(flags.length, 1);
  }
});

test('a moderator that fails ends the stream in every mode, and the text is not shown', async () => {
  for (const mode of ['flag', 'redact', 'stop'] as const) {
    for (const [thrown, code] of [
      [new RushlightError('DEVICE_LOST', 'gone'), 'DEVICE_LOST'],
      [new DOMException('the moderator was destroyed', 'AbortError'), 'DISPOSED'],
      [new Error('odd'), 'INTERNAL'],
    ] as const) {
      let cancelled = false;
      const source = new ReadableStream<string>({ pull: (controller) => controller.enqueue('Text. '), cancel: () => void (cancelled = true) });
      const reader = guard(source, { moderate: () => Promise.reject(thrown) }, { mode }).getReader();
      await assert.rejects(reader.read(), (error: unknown) => error instanceof RushlightError && error.code === code && /not shown/.test(error.message) && error.cause === thrown);
      assert.ok(cancelled);
    }
  }
  // Fewer verdicts than texts are a failure too.
  await assert.rejects(all(guard(streamOf('Text.'), { moderate: async () => [] })));
});

test('an error of the source passes on, after the sentences before it', async () => {
  const failure = new Error('connection lost');
  const pieces = ['One. It is bad. Two. Unfini'];
  const source = new ReadableStream<string>({
    pull(controller) {
      const piece = pieces.shift();
      if (piece === undefined) controller.error(failure);
      else controller.enqueue(piece);
    },
  });
  const shown: string[] = [];
  await assert.rejects(async () => { for await (const piece of guard(source, new FakeModerator())) shown.push(piece); }, (error) => error === failure);
  assert.equal(shown.join(''), 'One. […] Two. ');
});

test('cancelling cancels the source and stops the moderator silently', async () => {
  let cancelled: unknown;
  let signal: AbortSignal | undefined;
  const source = new ReadableStream<string>({ pull: (controller) => controller.enqueue('Text. '), cancel: (reason) => void (cancelled = reason) });
  const moderator: GuardModerator = {
    moderate: (_texts, options) =>
      new Promise((_resolve, reject) => {
        signal = options?.signal;
        signal?.addEventListener('abort', () => reject(signal?.reason));
      }),
  };
  const reader = guard(source, moderator).getReader();
  const read = reader.read();
  await turn();
  await reader.cancel('enough');
  assert.equal(cancelled, 'enough');
  assert.equal(signal?.aborted, true);
  assert.deepEqual(await read, { done: true, value: undefined });
});

test('a signal errors the stream with its reason and cancels the source', async () => {
  const reason = new Error('no');
  assert.throws(() => guard(streamOf('x'), new FakeModerator(), { signal: AbortSignal.abort(reason) }), (error) => error === reason);
  let cancelled: unknown;
  const source = new ReadableStream<string>({ cancel: (given) => void (cancelled = given) });
  const abort = new AbortController();
  const reader = guard(source, new FakeModerator(), { signal: abort.signal }).getReader();
  const read = reader.read();
  await turn();
  abort.abort(reason);
  await assert.rejects(read, (error) => error === reason);
  assert.equal(cancelled, reason);
  // Aborting after the end is nothing.
  const late = new AbortController();
  assert.deepEqual(await all(guard(streamOf('x'), new FakeModerator(), { signal: late.signal })), ['x']);
  late.abort();
});

test('wrong arguments say what is expected', async () => {
  assert.throws(() => guard(streamOf(), new FakeModerator(), { mode: 'hide' as never }), /'flag', 'redact' or 'stop'/);
  const bytes = new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(3)) }) as unknown as ReadableStream<string>;
  await assert.rejects(all(guard(bytes, new FakeModerator())), /TextDecoderStream/);
  const locked = streamOf('x');
  locked.getReader();
  assert.throws(() => guard(locked, new FakeModerator()), TypeError);
  const thrown = new Error('mine');
  const careless = guard(streamOf('bad'), new FakeModerator(), { onFlag: () => { throw thrown; } });
  await assert.rejects(all(careless), (error) => error === thrown);
});
