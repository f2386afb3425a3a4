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

/** `(module (memory 1 1 shared))` */
const SHARED_MEMORY = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 5, 4, 1, 3, 1, 1]);

/** More threads wait for memory, and for each other at the end of each operation. */
const MOST = 8;

/** Kernels have small frames. */
const STACK_BYTES = 1 << 18;

/** A worker that has not answered by then will not. */
const START_MS = 10_000;

/** Has the page start a worker for each port, and end the others; rejects if one cannot start. */
export type StartThreads = (ports: MessagePort[]) => Promise<never>;

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
  return undefined;
}

/**
 * Starts `runtime-threads.wasm` with workers that compute along; or says why there is to be one thread. Only in a worker:
 * this thread waits for the others, which a page must not.
 */
export async function loadThreaded(args: LoadArgs, start: StartThreads): Promise<RuntimeInstance | string> {
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
    const ports = await startAll(threads - 1, start, { module, memory });
    glue.makePool(threads);
    for (const port of ports) port.postMessage('work');
    return instanceOf(glue, memory, 'runtime-threads.wasm');
  } catch (error) {
    return `threads failed: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Ports to all of them, ready to work; or none, and an error. */
async function startAll(count: number, start: StartThreads, shared: Shared): Promise<MessagePort[]> {
  const channels = Array.from({ length: count }, () => new MessageChannel());
  const failed = start(channels.map(({ port2 }) => port2));
  const ports = channels.map(({ port1 }) => port1);
  try {
    await Promise.race([failed, Promise.all(ports.map((port) => ready(port, shared)))]);
    return ports;
  } catch (error) {
    for (const port of ports) port.close();
    start([]).catch(() => undefined);
    throw error;
  }
}

/** Shares the runtime with the thread at the other end. */
function ready(port: MessagePort, shared: Shared): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`a thread did not start within ${START_MS / 1000} s`)), START_MS);
    port.onmessage = ({ data }: MessageEvent<{ failed?: string }>) => {
      clearTimeout(timer);
      if (data.failed === undefined) resolve();
      else reject(new Error(data.failed));
    };
    port.postMessage(shared);
  });
}

/** The side of a worker that is a thread: shares the runtime, computes until the pool is gone, and closes. */
export function beThread(port: MessagePort, close: () => void): void {
  let glue: ThreadsModule;
  port.onmessage = async ({ data }: MessageEvent<Shared | 'work'>) => {
    if (data === 'work') {
      try {
        glue.work();
      } catch (error) {
        glue.abandon();
        throw error;
      }
      return close();
    }
    try {
      glue = (await import('#runtime-threads')) as ThreadsModule;
      glue.initSync({ ...data, thread_stack_size: STACK_BYTES });
      port.postMessage({});
    } catch (error) {
      port.postMessage({ failed: String(error) });
    }
  };
}
