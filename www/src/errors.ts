import { RushlightError } from 'rushlight';
import type { ErrorCode } from 'rushlight';

/** What the reader can do about it, by error code. The error's own message says what happened. */
const advice: Partial<Record<ErrorCode, string>> = {
  ABORTED: 'Press the button again to continue.',
  BAD_INPUT: 'Change the text and try again.',
  BAD_MODEL: 'The model files on this site are not usable; tell the people who run it.',
  CONTEXT_OVERFLOW: 'The text is too long for this model: shorten it, or start a new conversation.',
  CRASHED: 'Press the button again to start it anew.',
  DEVICE_LOST: 'The graphics device went away: try again, or choose CPU (Wasm).',
  INTEGRITY: 'The downloaded file is damaged. Try again; if it stays, the site serves a wrong file.',
  MODEL_NOT_FOUND: 'The site does not serve this model. With a copy of the project, run "cargo xtask models".',
  NETWORK: 'Check the connection and press the button again: the download continues where it stopped.',
  OUT_OF_MEMORY: 'Close other tabs, or choose the other backend, and try again.',
  QUOTA: 'The browser has no room for the model: free some disk space or clear other site data.',
  UNSUPPORTED_MODEL: 'This version cannot run the model; tell the people who run the site.',
  WEBGPU_UNAVAILABLE: 'This browser has no usable WebGPU: choose Automatic or CPU (Wasm).',
  WRONG_RESULTS: 'Choose Automatic or CPU (Wasm); a newer browser or graphics driver may help.',
};

/** One or two sentences: what went wrong, and what to do. */
export function explain(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const sentence = /[.!?]$/.test(message) ? message : `${message}.`;
  const what = error instanceof RushlightError ? advice[error.code] : undefined;
  return what ? `${sentence} ${what}` : `${sentence} Reload the page and try again.`;
}
