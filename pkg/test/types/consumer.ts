// Compiled, never run: what a strict project with nothing but the page's types sees.
import { Classifier, cosineSimilarity, Embedder, findInjection, guard, LanguageModel, moderationPresets, moderationSurfaces, Moderator, RushlightError, Summarizer, toOpenAI, withoutHidden, ZeroShotClassifier, type Availability, type ErrorCode, type GuardFlag, type InjectionKind, type Moderation, type ModelSource, type OpenAIModerationResponse, type ZeroShotLabel } from 'rushlight';

const availability: Availability = await Embedder.availability({ model: 'all-minilm-l6-v2' });
const source: ModelSource = { id: 'mine', files: { 'a.gguf': new URL('https://a.example/a.gguf'), 'b.json': new Blob() } };
const embedder = await Embedder.create({ model: source, device: 'auto', onProgress: ({ phase, progress }) => [phase, progress] });
const one: Float32Array = await embedder.embed('text');
const many: Float32Array[] = await embedder.embed(['a', 'b'] as const, { signal: AbortSignal.timeout(1), taskType: 'retrieval-query' });
const similarity: number = cosineSimilarity(one, [1, 2]);

const best: { label: string; score: number } | undefined = (await (await Classifier.create({ model: source })).classify('x'))[0];

const labels: readonly ZeroShotLabel[] = [{ label: 'a' }, { label: 'b', examples: ['c'] }];
const zeroShot = await ZeroShotClassifier.create({ labels, template: 'It is {label}.', multiLabel: true, temperature: 0.1 });
const sorted: { label: string; score: number }[][] = await zeroShot.classify(['x', 'y'] as const, { topK: 1, onProgress: (done, total) => done / total });
const facts: [number, readonly string[], string] = [zeroShot.maxTokens, zeroShot.labels, zeroShot.info().model];

const chat = await LanguageModel.create({
  initialPrompts: [{ role: 'system', content: 'x' }],
  monitor: (monitor) => monitor.addEventListener('downloadprogress', () => undefined),
  worker: () => new Worker(new URL('https://a.example/worker.js'), { type: 'module' }),
});
const stream: ReadableStream<string> = chat.promptStreaming([{ role: 'user', content: [{ type: 'text', value: 'x' }] }], { maxTokens: 3 });
chat.oncontextoverflow = (event: Event) => event.type;
const summary: Promise<string> = Summarizer.create({ type: 'headline' }).then((summarizer) => summarizer.summarize('x', { context: 'y' }));
const code: ErrorCode | undefined = (await summary.catch((error: unknown) => error)) instanceof RushlightError ? 'QUOTA' : undefined;

const moderator = await Moderator.create({ model: source, preset: 'strict', surface: 'prompt', thresholds: { illicit: 0.9, profanity: false } });
const verdict: Moderation = await moderator.moderate('x', { explain: true, surface: 'document', signal: AbortSignal.timeout(1) });
const verdicts: Moderation[] = await moderator.moderate(['a', 'b'] as const, { maxWindows: 2 });
const label: 'hate' | 'harassment' | 'violence' | 'sexual' | 'self_harm' | 'profanity' | 'injection' | 'illicit' | 'toxic' | undefined = verdict.spans?.[0]?.label;
const openAI: OpenAIModerationResponse = toOpenAI(verdicts, { model: 'x' });
const harm: boolean | undefined = toOpenAI(verdict).results[0]?.categories['self-harm'];
const kinds: InjectionKind[] = findInjection('x').map(({ kind }) => kind);
const limit: number = moderationPresets.strict.self_harm;
const judged: boolean = moderationSurfaces.document.includes('injection');
// @ts-expect-error: the tables are not to be changed
moderationPresets.strict.hate = 0;
const seen: string = withoutHidden('x');
void Summarizer.create({ moderator });
const flags: GuardFlag[] = [];
const guarded: ReadableStream<string> = guard(stream, moderator, { mode: 'stop', message: 'x', thresholds: { hate: 0.3, toxic: false }, onFlag: (flag) => flags.push(flag) });
const score: number | undefined = flags[0]?.scores.hate;
// @ts-expect-error: a mode that does not exist
guard(stream, moderator, { mode: 'hide' });
// @ts-expect-error: bytes are no text
guard(new ReadableStream<Uint8Array>(), moderator);

// @ts-expect-error: a label that does not exist
void moderator.moderate('x', { thresholds: { rude: 0.5 } });
// @ts-expect-error: a surface that does not exist
void moderator.moderate('x', { surface: 'wall' });
void Moderator.create({ preset: 'strict' }).then(async (own) => (await Moderator.availability()) === 'available' && own.destroy());
// @ts-expect-error: a type that does not exist
void Summarizer.create({ type: 'poem' });
// @ts-expect-error: no default model
void Classifier.create({});
// @ts-expect-error: no labels
void ZeroShotClassifier.create({});
// @ts-expect-error: what all tasks share is not for pages
void zeroShot.user;
// @ts-expect-error: a number is no text
void embedder.embed(3);
// @ts-expect-error: not constructible
new Embedder();

export { availability, best, code, facts, guarded, harm, judged, kinds, limit, label, many, openAI, score, seen, similarity, sorted, stream };
