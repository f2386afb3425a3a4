import type { Model } from '../engine/model.js';
import type { ChatMessage, Prompt } from '../engine/protocol.js';
import { quotaExceeded } from '../errors.js';

/** A turn and what it takes of the context. */
export interface Turn extends ChatMessage {
  tokens: number;
}

/**
 * How a model's template counts: fixed tokens around a conversation (begin-of-text, a default system text, the
 * opening of the answer) and tokens around each turn. Counting a turn is its text plus `perTurn`, so the parts add up
 * exactly and measuring before appending gives what appending costs.
 */
export interface TokenCosts {
  fixed: number;
  perTurn: number;
  /** Special tokens that counting a bare text includes. */
  bare: number;
  /** False where the file has no chat template: the turns are then joined as plain text. */
  template: boolean;
}

type Count = (prompts: Prompt[]) => Promise<number[]>;

/** Measures a template with probes. */
export async function measureCosts(template: boolean, count: Count): Promise<TokenCosts> {
  const [bare, word] = (await count(['', 'a'])) as [number, number];
  if (!template) return { fixed: bare, perTurn: 1, bare, template };
  const user: ChatMessage = { role: 'user', content: 'a' };
  const assistant: ChatMessage = { role: 'assistant', content: 'a' };
  const [one, three] = (await count([[user], [user, assistant, user]])) as [number, number];
  const perTurn = Math.max(0, Math.ceil((three - one) / 2) - (word - bare));
  return { fixed: Math.max(0, one - perTurn - (word - bare)), perTurn, bare, template };
}

/** The turns of a session, and how they are kept within the context. */
export class Conversation {
  readonly costs: TokenCosts;
  /** Tokens that turns may take: the context without what the template always adds. */
  readonly window: number;
  readonly #initial: readonly Turn[];
  #later: Turn[];

  constructor(costs: TokenCosts, context: number, initial: readonly Turn[], later: readonly Turn[] = []) {
    this.costs = costs;
    this.window = Math.max(1, context - costs.fixed);
    this.#initial = initial;
    this.#later = [...later];
    const tokens = sum(initial);
    if (tokens > this.window) throw tooLarge(this.window, tokens);
  }

  /** Tokens taken by the turns. */
  get usage(): number {
    return sum(this.#initial) + sum(this.#later);
  }

  copy(context: number): Conversation {
    return new Conversation(this.costs, context, this.#initial, this.#later);
  }

  add(turns: readonly Turn[]): void {
    this.#later.push(...turns);
  }

  /**
   * Makes room for turns and, as far as possible, for an answer of `reply` tokens, by dropping the oldest turns that
   * are not initial ones. Returns whether any were dropped; throws if the turns cannot fit at all, dropping nothing.
   */
  makeRoom(turns: readonly Turn[], reply: number): boolean {
    const requested = sum(turns);
    const initial = sum(this.#initial);
    if (initial + requested > this.window) throw tooLarge(this.window, initial + requested);
    const before = this.#later.length;
    while (this.#later.length > 0 && this.usage + requested + reply > this.window) {
      this.#later.shift();
      // An answer without its question would only confuse.
      while (this.#later[0]?.role === 'assistant') this.#later.shift();
    }
    return this.#later.length < before;
  }

  /** What the model is given: everything so far and these turns. */
  prompt(turns: readonly Turn[]): Prompt {
    const all = [...this.#initial, ...this.#later, ...turns];
    if (!this.costs.template) return all.map(({ content }) => content).join('\n');
    return all.map(({ role, content }) => ({ role, content }));
  }
}

/** Counts what turns take. */
export async function countTurns(messages: ChatMessage[], costs: TokenCosts, count: Count): Promise<Turn[]> {
  const counts = await count(messages.map(({ content }) => content));
  return messages.map((message, index) => ({ ...message, tokens: (counts[index] as number) - costs.bare + costs.perTurn }));
}

/** Counts with a model. */
export function counter(model: Model, signal: AbortSignal): Count {
  return (prompts) => model.call('count', { prompts }, { signal });
}

function sum(turns: readonly Turn[]): number {
  return turns.reduce((total, { tokens }) => total + tokens, 0);
}

function tooLarge(quota: number, requested: number): DOMException {
  return quotaExceeded(`the prompt takes ${requested} tokens and the context has room for ${quota}: shorten it`, { quota, requested });
}
