import type { Grammar } from '../engine/protocol.js';

/** What an answer has to be: the part of the options of `prompt()` that says so, as the W3C draft has it. */
export interface ResponseConstraintOptions {
  /**
   * A JSON Schema as an object: the answer is JSON that it accepts, on one line, with properties in the order of the schema. Or a
   * RegExp, without flags or with `u` and `s`: the answer matches it from start to end. What cannot be expressed is rejected with a
   * NotSupportedError, what nothing meets with a SyntaxError. An answer that `maxTokens`, `stop` or the context ends may be cut
   * short.
   */
  responseConstraint?: object;
  /** Leaves out the sentence that tells the model of the constraint, which otherwise ends the prompt and takes context. */
  omitResponseConstraintInput?: boolean;
}

export interface ResponseConstraint {
  /** For the engine. */
  grammar: Grammar;
  /** For the model; empty if it is not to be told. */
  input: string;
}

/** Throws a TypeError or a DOMException named NotSupportedError where there is nothing that could be a constraint. */
export function readConstraint(options: ResponseConstraintOptions): ResponseConstraint | undefined {
  const { responseConstraint: given, omitResponseConstraintInput: omit = false } = options;
  if (given === undefined) {
    if (omit) throw new TypeError('omitResponseConstraintInput needs a responseConstraint');
    return undefined;
  }
  if ((typeof given !== 'object' && typeof given !== 'function') || given === null) {
    throw new TypeError('responseConstraint is neither a JSON Schema nor a RegExp');
  }
  const grammar = isRegExp(given) ? regex(given) : { jsonSchema: toJson(given) };
  return { grammar, input: omit ? '' : told(grammar) };
}

/** Also one of another frame. */
function isRegExp(given: object): given is RegExp {
  return Object.prototype.toString.call(given) === '[object RegExp]';
}

function regex({ source, flags }: RegExp): Grammar {
  const unknown = [...flags].filter((flag) => flag !== 'u' && flag !== 's');
  if (unknown.length > 0) throw notSupported(`a RegExp with the flag ${unknown.join('')}: leave it out`);
  return { regex: { source, flags } };
}

function toJson(schema: object): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(schema) as string | undefined;
  } catch (error) {
    throw notSupported(`a schema that is no JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  if (json?.startsWith('{') !== true) throw notSupported('a schema that is no object of JSON');
  return json;
}

function notSupported(what: string): DOMException {
  return new DOMException(`responseConstraint: ${what}`, 'NotSupportedError');
}

function told(grammar: Grammar): string {
  if ('jsonSchema' in grammar) return `Answer with JSON that fits this schema: ${grammar.jsonSchema}`;
  return `Answer with text that matches this regular expression: ${grammar.regex.source}`;
}
