import type { ChatMessage } from '../engine/protocol.js';

/** A piece of a message. Only text is supported. */
export interface LanguageModelMessageContent {
  type: 'text' | 'image' | 'audio' | 'tool-call' | 'tool-response';
  value: unknown;
}

/** A turn, as the W3C draft has it. */
export interface LanguageModelMessage {
  role: 'system' | 'user' | 'assistant';
  content: string | LanguageModelMessageContent[];
  /** Begin the answer with this text. Not supported yet. */
  prefix?: boolean;
}

/** What `prompt()` and `append()` take. A string is one turn of the user. */
export type LanguageModelPrompt = string | LanguageModelMessage[];

const ROLES = new Set(['system', 'user', 'assistant']);
const TYPES = new Set(['text', 'image', 'audio', 'tool-call', 'tool-response']);

/**
 * The turns of an input, by the W3C rules: strings are user turns, neighbouring text pieces are joined, empty lists
 * mean empty text. `first` says whether a system turn may begin it. Throws TypeError, or a DOMException named
 * SyntaxError or NotSupportedError.
 */
export function canonicalize(input: unknown, first: boolean): ChatMessage[] {
  if (!Array.isArray(input)) return [{ role: 'user', content: String(input) }];
  if (input.length === 0) return [{ role: 'user', content: '' }];
  return input.map((message: unknown, index) => {
    if (typeof message !== 'object' || message === null) throw new TypeError(`message ${index} is not an object`);
    const { role, content, prefix } = message as Partial<LanguageModelMessage>;
    if (role === undefined || !ROLES.has(role)) {
      throw new TypeError(`message ${index}: role is ${JSON.stringify(role)}, expected 'system', 'user' or 'assistant'`);
    }
    if (role === 'system' && !(first && index === 0)) {
      throw new TypeError('a system message can only be the first of initialPrompts');
    }
    if (prefix === true) refusePrefix(role, index === input.length - 1);
    return { role, content: text(content, index) };
  });
}

function refusePrefix(role: string, last: boolean): never {
  if (role !== 'assistant' || !last) {
    throw new DOMException('prefix is only for the last message, and that of the assistant', 'SyntaxError');
  }
  throw new DOMException('prefix is not supported yet: leave it out', 'NotSupportedError');
}

function text(content: unknown, index: number): string {
  if (content === undefined) throw new TypeError(`message ${index} has no content`);
  if (!Array.isArray(content)) return String(content);
  return content.map((part: unknown) => textPart(part, index)).join('');
}

function textPart(part: unknown, index: number): string {
  const { type, value } = (part ?? {}) as Partial<LanguageModelMessageContent>;
  if (type === undefined || !TYPES.has(type)) throw new TypeError(`message ${index}: unknown content type ${JSON.stringify(type)}`);
  if (type !== 'text') throw new DOMException(`content of type ${type} is not supported: give text`, 'NotSupportedError');
  if (typeof value !== 'string') throw new TypeError(`message ${index}: the value of a text is not a string`);
  return value;
}
