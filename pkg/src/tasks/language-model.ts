/// <reference lib="esnext.disposable" preserve="true" />
import type { Finish, Sampling } from '../engine/protocol.js';
import type { Availability, CallOptions, CallStats, CoreOptions, CreateOptions, MemoryInfo, ModelInfo, Priority } from '../options.js';
import { abortable } from './abort.js';
import { Conversation, counter, countTurns, measureCosts, type Turn } from './conversation.js';
import { createModel, modelAvailability, ModelUser } from './create.js';
import { canonicalize, type LanguageModelMessage, type LanguageModelPrompt } from './prompt.js';
import { readConstraint, type ResponseConstraint, type ResponseConstraintOptions } from './response-constraint.js';
import { textStream } from './stream.js';

const NEEDS = { model: 'smollm2-135m-instruct', task: 'generate' } as const;

/** Tokens of an answer when the caller gives no limit. */
const MAX_TOKENS = 512;

/** Where the catalog recommends nothing: small models wander off at higher temperatures and repeat themselves at 0. */
const SAMPLING: Sampling = { temperature: 0.3, topP: 0.9 };

/** How the next token is chosen, and when to stop. */
export interface SamplingOptions {
  /** Longest answer in tokens. Default 512. */
  maxTokens?: number;
  /** 0 takes the likeliest token each time and makes answers repeatable. Default: what the model's authors recommend, else 0.3. */
  temperature?: number;
  /** Choose among this many likeliest tokens; 0 for all. */
  topK?: number;
  /** Choose among the likeliest tokens that together have this probability. */
  topP?: number;
  /** Drop tokens less likely than this fraction of the likeliest one. */
  minP?: number;
  /**
   * Makes tokens less likely that occurred lately, in the conversation or the answer: their logits are divided by it, or
   * multiplied where they are negative. Above 0, at most 100; 1, the default, changes nothing.
   */
  repetitionPenalty?: number;
  /** How many tokens `repetitionPenalty` looks back on; 0 for all. Default 64. */
  repetitionWindow?: number;
  /** Taken from the logit of a token for each time that it is in the answer, -2 to 2. Default 0. */
  frequencyPenalty?: number;
  /** Taken from the logit of a token that is in the answer, -2 to 2. Default 0. */
  presencePenalty?: number;
  /**
   * At temperature 0 without penalties: guess tokens where the text repeats itself, and check several in one step. The answer
   * is the same (on a GPU, unless two tokens are equally likely within rounding), a quotation comes sooner. Default: on the
   * CPU.
   */
  promptLookup?: boolean;
  /** `'background'` lets the page draw between the steps of the model. Default `'user-visible'`. */
  priority?: Priority;
  /** Makes sampling repeatable. */
  seed?: number;
  /** Strings that end the answer; they are not part of it. */
  stop?: string[];
}

/** Something a prompt consists of, in or out. Only text is supported. */
export interface LanguageModelExpected {
  type: string;
  languages?: string[];
}

/** Options of {@link LanguageModel.availability}. */
export interface LanguageModelCoreOptions extends CoreOptions, SamplingOptions {
  expectedInputs?: LanguageModelExpected[];
  expectedOutputs?: LanguageModelExpected[];
}

/** Options of {@link LanguageModel.create}. Sampling options become the defaults of the session. */
export interface LanguageModelCreateOptions extends CreateOptions, LanguageModelCoreOptions {
  /** Turns that the conversation begins with and that are never dropped. Only the first may be a system turn. */
  initialPrompts?: LanguageModelMessage[];
}

/** Options of {@link LanguageModel.prompt}. */
export interface LanguageModelPromptOptions extends CallOptions, SamplingOptions, ResponseConstraintOptions {}

/**
 * A conversation with a small language model. The shape of the W3C Prompt API.
 *
 * ```ts
 * import { LanguageModel } from 'rushlight';
 *
 * const session = await LanguageModel.create({
 *   initialPrompts: [{ role: 'system', content: 'You answer in one sentence.' }],
 * });
 * for await (const delta of session.promptStreaming('What is a rushlight?')) console.log(delta);
 * session.destroy();
 * ```
 *
 * Fires `contextoverflow` when old turns were dropped to make room.
 */
export class LanguageModel extends EventTarget {
  readonly #user: ModelUser;
  readonly #sampling: Sampling;
  readonly #conversation: Conversation;
  #turn: Promise<unknown> = Promise.resolve();
  #stats: CallStats | undefined;
  #onOverflow: ((event: Event) => void) | null = null;

  private constructor(user: ModelUser, sampling: Sampling, conversation: Conversation) {
    super();
    this.#user = user;
    this.#sampling = sampling;
    this.#conversation = conversation;
  }

  /** Whether `create()` with these options would work, and whether it would download. */
  static async availability(options: LanguageModelCoreOptions = {}): Promise<Availability> {
    return onlyText(options) ? modelAvailability(options, NEEDS) : 'unavailable';
  }

  /** Loads a model, by default SmolLM2-135M-Instruct (98 MB), and begins a session. */
  static async create(options: LanguageModelCreateOptions = {}): Promise<LanguageModel> {
    const initial = options.initialPrompts?.length ? canonicalize(options.initialPrompts, true) : [];
    if (!onlyText(options)) throw new DOMException('only text in and text out is supported', 'NotSupportedError');
    if ('tools' in options && (options as { tools?: unknown[] }).tools?.length) {
      throw new DOMException('tools are not supported', 'NotSupportedError');
    }
    const created = await createModel(options, NEEDS);
    const user = new ModelUser(created, options.signal);
    try {
      const count = counter(user.model, user.signal(undefined));
      const costs = await measureCosts(created.info.chat, count);
      const turns = initial.length === 0 ? [] : await countTurns(initial, costs, count);
      const conversation = new Conversation(costs, created.info.context, turns);
      const sampling = { ...(created.resolved.entry?.sampling ?? SAMPLING), ...pickSampling(options) };
      return new LanguageModel(user, sampling, conversation);
    } catch (error) {
      user.destroy(error);
      throw error;
    }
  }

  /** Tokens that the conversation takes. 0 at the start without `initialPrompts`. */
  get contextUsage(): number {
    return this.#conversation.usage;
  }

  /** Tokens that the conversation may take. */
  get contextWindow(): number {
    return this.#conversation.window;
  }

  /** Speed of the last finished answer. */
  get stats(): CallStats | undefined {
    return this.#stats;
  }

  /** Called when old turns were dropped. */
  get oncontextoverflow(): ((event: Event) => void) | null {
    return this.#onOverflow;
  }

  set oncontextoverflow(handler: ((event: Event) => void) | null) {
    if (this.#onOverflow !== null) this.removeEventListener('contextoverflow', this.#onOverflow);
    this.#onOverflow = typeof handler === 'function' ? handler : null;
    if (this.#onOverflow !== null) this.addEventListener('contextoverflow', this.#onOverflow);
  }

  /** One turn of the user, one answer. A failed or aborted turn leaves the conversation as it was. */
  async prompt(input: LanguageModelPrompt, options: LanguageModelPromptOptions = {}): Promise<string> {
    const signal = this.#user.signal(options.signal);
    const checked = checkInput(input, options);
    let answer = '';
    await this.#inOrder(signal, () => this.#answer(checked, options, signal, (delta) => (answer += delta)));
    return answer;
  }

  /** The same, piece by piece as it is written. Throws at once if the signal is aborted already. */
  promptStreaming(input: LanguageModelPrompt, options: LanguageModelPromptOptions = {}): ReadableStream<string> {
    const signal = this.#user.signal(options.signal);
    const checked = checkInput(input, options);
    return textStream(signal, (emit, inner) => this.#inOrder(inner, () => this.#answer(checked, options, inner, emit)));
  }

  /** Adds turns without asking for an answer. */
  async append(input: LanguageModelPrompt, options: CallOptions = {}): Promise<void> {
    const signal = this.#user.signal(options.signal);
    const messages = canonicalize(input, false);
    await this.#inOrder(signal, async () => {
      const turns = await countTurns(messages, this.#conversation.costs, counter(this.#user.model, signal));
      this.#makeRoom(turns, 0);
      this.#conversation.add(turns);
    });
  }

  /** Tokens that `append()` of this input would take. */
  async measureContextUsage(input: LanguageModelPrompt, options: LanguageModelPromptOptions = {}): Promise<number> {
    const count = counter(this.#user.model, this.#user.signal(options.signal));
    const turns = await countTurns(checkInput(input, options).messages, this.#conversation.costs, count);
    return turns.reduce((sum, { tokens }) => sum + tokens, 0);
  }

  /** A second session that begins where this one is. The weights are shared. */
  async clone(options: CallOptions = {}): Promise<LanguageModel> {
    this.#user.signal(options.signal);
    const conversation = this.#conversation.copy(this.#user.info.context);
    return new LanguageModel(this.#user.fork(options.signal), this.#sampling, conversation);
  }

  /** What is loaded and where it runs. */
  info(): ModelInfo {
    return this.#user.info;
  }

  /** Bytes in use by the model. */
  memory(): Promise<MemoryInfo> {
    return this.#user.memory();
  }

  /** Gives the memory back. Calls reject with an `InvalidStateError` from now on. */
  destroy(): void {
    this.#user.destroy(new DOMException('the session was destroyed', 'InvalidStateError'));
  }

  [Symbol.dispose](): void {
    this.destroy();
  }

  /** Turns of one session follow each other; each sees the answer before it. */
  #inOrder<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(() => {
      signal.throwIfAborted();
      return work();
    });
    this.#turn = turn.catch(() => undefined);
    return abortable(turn, signal);
  }

  #makeRoom(turns: readonly Turn[], reply: number): void {
    if (this.#conversation.makeRoom(turns, reply)) this.dispatchEvent(new Event('contextoverflow'));
  }

  async #answer(
    { messages, constraint }: Checked,
    options: LanguageModelPromptOptions,
    signal: AbortSignal,
    emit: (delta: string) => void,
  ): Promise<void> {
    const { window, costs } = this.#conversation;
    const count = counter(this.#user.model, signal);
    const turns = await countTurns(messages, costs, count);
    const asked: Sampling = { maxTokens: MAX_TOKENS, ...this.#sampling, ...pickSampling(options) };
    // A quarter of the window at most is kept free for the answer; it may take more if there is more.
    const wanted = asked.maxTokens ?? MAX_TOKENS;
    this.#makeRoom(turns, Math.min(wanted, Math.floor(window / 4)));
    const used = this.#conversation.usage + turns.reduce((sum, { tokens }) => sum + tokens, 0);
    const maxTokens = Math.max(1, Math.min(wanted, window - used - costs.perTurn));
    let answer = '';
    const finish: Finish = await this.#user.model.call(
      'generate',
      { prompt: this.#conversation.prompt(turns), sampling: { ...asked, maxTokens }, constraint: constraint?.grammar },
      {
        signal,
        onEvent: ({ text }) => {
          answer += text;
          emit(text);
        },
      },
    );
    this.#stats = finish.stats;
    const [reply] = await countTurns([{ role: 'assistant', content: answer }], costs, count);
    this.#conversation.add([...turns, reply as Turn]);
  }
}

interface Checked {
  messages: ReturnType<typeof canonicalize>;
  constraint: ResponseConstraint | undefined;
}

/** The turns of an input. The last one tells the model of the constraint, unless it is not to be told. */
function checkInput(input: LanguageModelPrompt, options: LanguageModelPromptOptions): Checked {
  const constraint = readConstraint(options);
  const messages = canonicalize(input, false);
  const last = messages.at(-1);
  if (last !== undefined && constraint !== undefined && constraint.input !== '') {
    last.content = `${last.content}\n\n${constraint.input}`;
  }
  return { messages, constraint };
}

function onlyText({ expectedInputs = [], expectedOutputs = [] }: LanguageModelCoreOptions): boolean {
  return [...expectedInputs, ...expectedOutputs].every(({ type }) => type === 'text');
}

const SAMPLING_KEYS = [
  'maxTokens',
  'temperature',
  'topK',
  'topP',
  'minP',
  'repetitionPenalty',
  'repetitionWindow',
  'frequencyPenalty',
  'presencePenalty',
  'promptLookup',
  'priority',
  'seed',
  'stop',
] as const satisfies readonly (keyof SamplingOptions)[];

function pickSampling(options: SamplingOptions): Sampling {
  return Object.fromEntries(SAMPLING_KEYS.filter((key) => options[key] !== undefined).map((key) => [key, options[key]]));
}
