import { toWireError } from '../errors.js';
import { LocalEngine, type LocalEngineOptions } from './local-engine.js';
import type { CallName, Engine, EngineCallOptions, Request, Response } from './protocol.js';
import { beThread, loadThreaded } from './threads.js';

/** The parts of a worker's global scope that are used. */
export interface Scope {
  postMessage(message: Response, transfer?: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: { data: Request }) => void): void;
  addEventListener(type: 'error' | 'unhandledrejection', listener: (event: { message?: string; reason?: unknown }) => void): void;
  close(): void;
}

/** The worker's side: runs the calls of one page, one after the other; or computes along, if the page says so first. */
export function serve(scope: Scope, options: LocalEngineOptions = {}): void {
  let threadFailed = (_why: string): void => undefined;
  const startThreads = (ports: MessagePort[]): Promise<never> =>
    new Promise((_resolve, reject) => {
      threadFailed = (why) => reject(new Error(why));
      scope.postMessage({ threads: ports }, ports);
    });
  const engine: Engine & { crash(message: string): void } = new LocalEngine({
    loadThreaded: (args) => loadThreaded(args, startThreads),
    ...options,
  });
  const running = new Map<number, Record<'abort' | 'stop', AbortController>>();

  const answer = async <K extends CallName>(request: Extract<Request, { call: K }>): Promise<void> => {
    const { id, call, args } = request;
    const ends = { abort: new AbortController(), stop: new AbortController() };
    running.set(id, ends);
    const onEvent: EngineCallOptions<K>['onEvent'] = (event) => scope.postMessage({ id, event } as Response);
    try {
      const result = await engine.call(call, args, { signal: ends.abort.signal, stop: ends.stop.signal, onEvent });
      const vectors = (result as { vectors?: Float32Array }).vectors;
      scope.postMessage({ id, result } as Response, vectors === undefined ? [] : [vectors.buffer as ArrayBuffer]);
    } catch (error) {
      scope.postMessage({ id, error: toWireError(error) });
    } finally {
      running.delete(id);
    }
  };

  scope.addEventListener('message', ({ data }) => {
    if ('call' in data) void answer(data);
    else if ('end' in data) running.get(data.id)?.[data.end].abort();
    else if ('thread' in data) beThread(data.thread, () => scope.close());
    else threadFailed(data.threadFailed);
  });

  // A trap inside a promise of the runtime reaches nobody: without this, its call would wait for ever.
  const crashed = (what: string): void => {
    engine.crash(what);
    scope.postMessage({ crashed: what });
  };
  scope.addEventListener('error', ({ message }) => crashed(message ?? 'unknown error'));
  scope.addEventListener('unhandledrejection', ({ reason }) => crashed(String(reason)));
}
