/**
 * What can go wrong, as a closed union. Every message says what to do next.
 *
 * | code | meaning |
 * |---|---|
 * | `ABORTED` | the runtime stopped a call that nobody waits for any more |
 * | `BAD_INPUT` | an argument cannot be used |
 * | `BAD_MODEL` | a model file is damaged or malformed |
 * | `CONTEXT_OVERFLOW` | the input does not fit into the context of the model |
 * | `CRASHED` | the worker or the runtime stopped unexpectedly; the next call starts it again |
 * | `DEVICE_LOST` | the GPU went away |
 * | `DISPOSED` | the object was destroyed |
 * | `FLAGGED` | a guarded stream was stopped, because what would come next was flagged; or a text was, and not summarized |
 * | `IMPOSSIBLE_CONSTRAINT` | no answer could meet the `responseConstraint` |
 * | `INTEGRITY` | downloaded bytes are not the expected ones |
 * | `INTERNAL` | a mistake of ours |
 * | `MODEL_NOT_FOUND` | no such id in the catalog, or no such file at the address |
 * | `NETWORK` | the download failed |
 * | `OUT_OF_MEMORY` | the model does not fit into memory |
 * | `QUOTA` | the browser's storage for this site is full |
 * | `UNSUPPORTED_CONSTRAINT` | the `responseConstraint` has something that cannot be expressed, or is malformed |
 * | `UNSUPPORTED_MODEL` | the file is fine, the model family or number format is not supported |
 * | `WASM_UNAVAILABLE` | `runtime.wasm` could not be fetched or compiled |
 * | `WEBGPU_UNAVAILABLE` | `device: 'webgpu'` was asked for and there is none |
 * | `WRONG_RESULTS` | `device: 'webgpu'` was asked for and it does not compute what the CPU computes |
 */
export type ErrorCode =
  | 'ABORTED'
  | 'BAD_INPUT'
  | 'BAD_MODEL'
  | 'CONTEXT_OVERFLOW'
  | 'CRASHED'
  | 'DEVICE_LOST'
  | 'DISPOSED'
  | 'FLAGGED'
  | 'IMPOSSIBLE_CONSTRAINT'
  | 'INTEGRITY'
  | 'INTERNAL'
  | 'MODEL_NOT_FOUND'
  | 'NETWORK'
  | 'OUT_OF_MEMORY'
  | 'QUOTA'
  | 'UNSUPPORTED_CONSTRAINT'
  | 'UNSUPPORTED_MODEL'
  | 'WASM_UNAVAILABLE'
  | 'WEBGPU_UNAVAILABLE'
  | 'WRONG_RESULTS';

/** `Error.name` by code: the name that the W3C drafts give to the same condition. */
const NAMES: Record<ErrorCode, string> = {
  ABORTED: 'AbortError',
  BAD_INPUT: 'DataError',
  BAD_MODEL: 'OperationError',
  CONTEXT_OVERFLOW: 'QuotaExceededError',
  CRASHED: 'OperationError',
  DEVICE_LOST: 'OperationError',
  DISPOSED: 'InvalidStateError',
  FLAGGED: 'NotReadableError',
  IMPOSSIBLE_CONSTRAINT: 'SyntaxError',
  INTEGRITY: 'NetworkError',
  INTERNAL: 'UnknownError',
  MODEL_NOT_FOUND: 'NotSupportedError',
  NETWORK: 'NetworkError',
  OUT_OF_MEMORY: 'OperationError',
  QUOTA: 'QuotaExceededError',
  UNSUPPORTED_CONSTRAINT: 'NotSupportedError',
  UNSUPPORTED_MODEL: 'NotSupportedError',
  WASM_UNAVAILABLE: 'OperationError',
  WEBGPU_UNAVAILABLE: 'NotSupportedError',
  WRONG_RESULTS: 'OperationError',
};

/** Numbers that belong to an error. */
export interface ErrorDetails {
  /** `QUOTA`: bytes that the download needs. */
  needed?: number;
  /** `QUOTA`: bytes that the browser would still store. */
  available?: number;
  /** `NETWORK`, `MODEL_NOT_FOUND`: the HTTP status, where there was an answer. */
  status?: number;
}

/**
 * Every failure of Rushlight that is not an abort, a wrong argument type or a use after `destroy()`.
 *
 * ```ts
 * try {
 *   await Embedder.create();
 * } catch (error) {
 *   if (error instanceof RushlightError && error.code === 'QUOTA') askToFreeSpace(error.details.needed);
 * }
 * ```
 */
export class RushlightError extends Error {
  /** What happened, for programs. */
  readonly code: ErrorCode;
  /** Numbers, where the code has some. */
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = NAMES[code];
    this.code = code;
    this.details = details;
  }
}

/** An error on its way through `postMessage`. */
export interface WireError {
  code: ErrorCode;
  message: string;
  details?: ErrorDetails;
}

/** Whatever was thrown, as a {@link RushlightError}. The runtime throws `{ code, message }` objects. */
export function toRushlightError(thrown: unknown): RushlightError {
  if (thrown instanceof RushlightError) return thrown;
  if (typeof thrown === 'object' && thrown !== null) {
    const { code, message, details } = thrown as Partial<WireError>;
    if (typeof code === 'string' && code in NAMES) {
      return new RushlightError(code, String(message), details, { cause: thrown });
    }
    if (thrown instanceof Error) {
      return new RushlightError('INTERNAL', `${thrown.name}: ${thrown.message}`, {}, { cause: thrown });
    }
  }
  return new RushlightError('INTERNAL', String(thrown), {}, { cause: thrown });
}

/** The part of an error that crosses `postMessage`. */
export function toWireError(thrown: unknown): WireError {
  const { code, message, details } = toRushlightError(thrown);
  return { code, message, details };
}

/** Tokens asked for and tokens there are. */
export interface QuotaDetails {
  quota: number;
  requested: number;
}

/** Stands in where the global `QuotaExceededError` class does not exist yet. */
class QuotaExceededFallback extends DOMException {
  readonly quota: number;
  readonly requested: number;

  constructor(message: string, { quota, requested }: QuotaDetails) {
    super(message, 'QuotaExceededError');
    this.quota = quota;
    this.requested = requested;
  }
}

/** The W3C error for a prompt that is larger than the context window: `quota` and `requested` are in tokens. */
export function quotaExceeded(message: string, details: QuotaDetails): DOMException & QuotaDetails {
  const native = (globalThis as { QuotaExceededError?: new (m: string, d: QuotaDetails) => DOMException & QuotaDetails })
    .QuotaExceededError;
  return native === undefined ? new QuotaExceededFallback(message, details) : new native(message, details);
}
