/// <reference lib="esnext.disposable" preserve="true" />
import type { CallOptions, MemoryInfo, ModelInfo, Priority } from '../options.js';
import type { ModelUser } from './create.js';

/** What the calls of the model that make up one call of a task have in common. */
export interface Call {
  signal: AbortSignal;
  priority?: Priority | undefined;
}

/** What every object over a model has. */
export abstract class Task {
  readonly #user: ModelUser;
  readonly #name: string;

  /** @internal */
  constructor(user: ModelUser, name: string) {
    this.#user = user;
    this.#name = name;
  }

  /** @internal */
  protected get user(): ModelUser {
    return this.#user;
  }

  /** What is loaded and where it runs. */
  info(): ModelInfo {
    return this.#user.info;
  }

  /** Bytes in use by the model. */
  memory(): Promise<MemoryInfo> {
    return this.#user.memory();
  }

  /** Gives the memory back. Calls reject with an `AbortError` from now on. */
  destroy(): void {
    this.#user.destroy(new DOMException(`the ${this.#name} was destroyed`, 'AbortError'));
  }

  [Symbol.dispose](): void {
    this.destroy();
  }
}

/** A task that takes one text or several, each for itself. */
export abstract class TextTask extends Task {
  /** Texts are cut after this many tokens. */
  get maxTokens(): number {
    return this.user.info.context;
  }

  /** Tokens of a text, with the special ones that the model adds. */
  async countTokens(text: string, options: CallOptions = {}): Promise<number> {
    const prompts = [String(text)];
    const [count] = await this.user.model.call('count', { prompts }, { signal: this.user.signal(options.signal) });
    return count as number;
  }
}

/** One text or several as a list; `call` names the method in the error. */
export function textsOf(input: string | readonly string[], call: string): string[] {
  const texts = typeof input === 'string' ? [input] : [...input];
  const wrong = texts.findIndex((text) => typeof text !== 'string');
  if (wrong >= 0) throw new TypeError(`${call}: text ${wrong} is not a string`);
  return texts;
}
