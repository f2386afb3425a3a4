import { RushlightError, toRushlightError } from '../errors.js';
import type { Args, CallName, Engine, EngineCallOptions, Request, Response, Result } from './protocol.js';

interface Waiting {
  resolve(result: never): void;
  reject(error: unknown): void;
  onEvent: ((event: never) => void) | undefined;
  cleanUp(): void;
}

/**
 * The page's side of a worker that runs `serve`, and of those that are its threads. The page starts them, by what started
 * the first: whatever policy and bundler allowed that one allows them, and a worker that starts workers asks more of browsers.
 */
export class WorkerEngine implements Engine {
  readonly #worker: Worker;
  readonly #another: (() => Worker) | undefined;
  #threads: Worker[] = [];
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #ended: RushlightError | undefined;

  /** `another` starts one more like `worker`. */
  constructor(worker: Worker, another?: () => Worker) {
    this.#worker = worker;
    this.#another = another;
    worker.addEventListener('message', ({ data }: MessageEvent<Response>) => this.#receive(data));
    worker.addEventListener('error', (event) => {
      // A script that cannot be fetched or parsed gives an event without a message.
      this.#end(crashed(event.message || NOT_LOADED));
    });
    worker.addEventListener('messageerror', () => this.#end(crashed('a message could not be read')));
  }

  call<K extends CallName>(call: K, args: Args<K>, options: EngineCallOptions<K> = {}): Promise<Result<K>> {
    const { signal, stop, onEvent } = options;
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    const id = this.#nextId++;
    return new Promise<Result<K>>((resolve, reject) => {
      const onAbort = (): void => {
        this.#post({ id, end: 'abort' });
        this.#take(id)?.reject(signal?.reason);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      const onStop = (): void => this.#post({ id, end: 'stop' });
      stop?.addEventListener('abort', onStop, { once: true });
      const cleanUp = (): void => {
        signal?.removeEventListener('abort', onAbort);
        stop?.removeEventListener('abort', onStop);
      };
      this.#waiting.set(id, { resolve: resolve as Waiting['resolve'], reject, onEvent: onEvent as Waiting['onEvent'], cleanUp });
      try {
        this.#post({ id, call, args } as Request);
      } catch (error) {
        this.#take(id)?.reject(new RushlightError('BAD_INPUT', `${call}: the arguments cannot be sent to the worker`, {}, { cause: error }));
      }
    });
  }

  close(): void {
    this.#end(new RushlightError('DISPOSED', 'the model was destroyed: create the object again'));
  }

  #post(request: Request): void {
    this.#worker.postMessage(request);
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.cleanUp();
    return waiting;
  }

  #receive(response: Response): void {
    if ('crashed' in response) this.#end(crashed(response.crashed));
    else if ('threads' in response) this.#startThreads(response.threads);
    else if ('event' in response) this.#waiting.get(response.id)?.onEvent?.(response.event as never);
    else if ('error' in response) {
      const error = toRushlightError(response.error);
      this.#take(response.id)?.reject(error);
      if (error.code === 'CRASHED') this.#end(error);
    } else this.#take(response.id)?.resolve(response.result as never);
  }

  #startThreads(ports: MessagePort[]): void {
    this.#endThreads();
    if (this.#ended !== undefined) return;
    try {
      for (const port of ports) {
        if (this.#another === undefined) throw new Error('a worker was passed; pass a function that makes one');
        const thread = this.#another();
        if (thread === this.#worker || this.#threads.includes(thread)) throw new Error('worker() has to make a new one each time');
        this.#threads.push(thread);
        thread.addEventListener('error', ({ message }) => this.#post({ threadFailed: message || NOT_LOADED }));
        thread.postMessage({ thread: port } satisfies Request, [port]);
      }
    } catch (error) {
      this.#post({ threadFailed: error instanceof Error ? error.message : String(error) });
    }
  }

  #endThreads(): void {
    for (const thread of this.#threads) thread.terminate();
    this.#threads = [];
  }

  #end(error: RushlightError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#worker.terminate();
    this.#endThreads();
    for (const id of [...this.#waiting.keys()]) this.#take(id)?.reject(error);
  }
}

const NOT_LOADED = 'its script could not be loaded; check that worker.js is served and that worker-src allows it';

function crashed(why: string): RushlightError {
  return new RushlightError('CRASHED', `the worker stopped: ${why}. The next call starts it again`);
}
