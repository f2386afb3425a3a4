import { compile, instanceOf, type RuntimeInstance, type RuntimeModule } from './runtime.js';
import type { LoadArgs } from './protocol.js';

/** The glue of `runtime-threads.wasm`. */
interface ThreadsModule extends RuntimeModule {
  initSync(options: { module: WebAssembly.Module; memory: WebAssembly.Memory; thread_stack_size: number }): unknown;
  /** Makes a pool of so many threads, the calling one among them. */
  makePool(threads: number): void;
  /** Blocks until the pool is gone. */
  work(): void;
  /** Has the others not wait for this thread, after `work` threw. */
  abandon(): void;
}

/** What a thread needs to share the runtime. */
interface Shared {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
}

/** The name of a worker that is a thread, which is how it knows. */
export const THREAD = 'rushlight-thread';

/** `(module (memory 1 1 shared))` */
const SHARED_MEMORY = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 5, 4, 1, 3, 1, 1]);

/** More threads wait for memory, and for each other at the end of each operation. */
const MOST = 8;

/** Kernels have small frames. */
const STACK_BYTES = 1 << 18;

/** A worker that has not answered by then will not. */
const START_MS = 10_000;

/** The parts of a worker's global scope that are used. */
interface ThreadScope {
  postMessage(message: unknown): void;
  addEventListener(type: 'message', listener: (event: { data: Shared | 'work' }) => void): void;
  close(): void;
}

/** Half of the logical cores, a guess at the physical ones; but machines with two have two. */
function usualThreads(): number {
  const { hardwareConcurrency: cores = 1 } = (globalThis as { navigator?: { hardwareConcurrency?: number } }).navigator ?? {};
  return Math.min(cores, MOST, Math.max(2, Math.floor(cores / 2)));
}

/** Why this place cannot have threads, if so. */
export function whyNoThreads(): string | undefined {
  if ((globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated !== true) {
    return 'the page is not cross-origin isolated (COOP and COEP headers)';
  }
  if (typeof SharedArrayBuffer === 'undefined' || !WebAssembly.validate(SHARED_MEMORY)) return 'this browser has no shared Wasm memory';
  // The glue would start a worker from a data: address in its place, which no strict policy allows.
  if (!('waitAsync' in Atomics)) return 'this browser has no Atomics.waitAsync';
  if (typeof Worker === 'undefined') return 'workers cannot start workers in this browser';
  return undefined;
}

/**
 * Starts `runtime-threads.wasm` with workers that compute along, each made by `start`; or says why there is to be one
 * thread. Only in a worker: this thread waits for the others, which a page must not.
 */
export async function loadThreaded(args: LoadArgs, start: () => Worker): Promise<RuntimeInstance | string> {
  const { threads = usualThreads(), wasmUrl, wasmThreadsUrl } = args;
  if (threads < 2) return args.threads === undefined ? 'this machine has one core' : `threads: ${threads} was asked for`;
  const why = whyNoThreads();
  if (why !== undefined) return why;
  if (wasmUrl !== undefined && wasmThreadsUrl === undefined) return 'wasmUrl was given and wasmThreadsUrl was not';
  try {
    // Relative to dist/, where the bundled file lies. Bundlers look for exactly this expression.
    const url = wasmThreadsUrl === undefined ? new URL('./runtime-threads.wasm', import.meta.url) : new URL(wasmThreadsUrl);
    const [glue, module] = await Promise.all([import('#runtime-threads') as Promise<ThreadsModule>, compile(url)]);
    const { memory } = await glue.default({ module_or_path: module });
    const workers = await startAll(threads - 1, start, { module, memory });
    glue.makePool(threads);
    for (const worker of workers) worker.postMessage('work');
    return instanceOf(glue, memory, 'runtime-threads.wasm');
  } catch (error) {
    return `threads failed: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** All of them, ready to work; or none, and an error. */
async function startAll(count: number, start: () => Worker, shared: Shared): Promise<Worker[]> {
  const workers: Worker[] = [];
  try {
    for (let index = 0; index < count; index++) workers.push(start());
    await Promise.all(workers.map((worker) => ready(worker, shared)));
    return workers;
  } catch (error) {
    for (const worker of workers) worker.terminate();
    throw error;
  }
}

function ready(worker: Worker, shared: Shared): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`a worker did not start within ${START_MS / 1000} s`)), START_MS);
    worker.addEventListener('message', ({ data }: MessageEvent<{ failed?: string }>) => {
      clearTimeout(timer);
      if (data.failed === undefined) resolve();
      else reject(new Error(data.failed));
    });
    worker.addEventListener('error', (event) => {
      event.preventDefault(); // else it is an error of this worker too, which ends it
      clearTimeout(timer);
      reject(new Error(event.message || 'a worker could not be loaded; check that worker-src allows it and that it has the COEP header'));
    });
    worker.postMessage(shared);
  });
}

/** The side of a worker that is a thread: shares the runtime, then computes until the pool is gone. */
export function beThread(scope: ThreadScope): void {
  let glue: ThreadsModule;
  // Firefox with developer tools, or driven by a test, tells a worker that its child is registered by waking one of those
  // who wait for events of the child. If that is the child itself, the worker would wait for ever in `new Worker`: more events.
  const events = setInterval(() => undefined, 100);
  scope.addEventListener('message', async ({ data }) => {
    clearInterval(events);
    if (data === 'work') {
      try {
        glue.work();
      } catch (error) {
        glue.abandon();
        throw error;
      }
      return scope.close();
    }
    try {
      glue = (await import('#runtime-threads')) as ThreadsModule;
      glue.initSync({ ...data, thread_stack_size: STACK_BYTES });
      scope.postMessage({});
    } catch (error) {
      scope.postMessage({ failed: String(error) });
    }
  });
}
