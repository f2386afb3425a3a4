/** What the suites call inside the page. `lib` is the package; `kept` holds objects between calls. */
import * as lib from '/pkg/index.js';

globalThis.lib = lib;
globalThis.kept = {};

/** Everything this origin has stored, gone. */
globalThis.clearStorage = async () => {
  const folder = await navigator.storage.getDirectory();
  for await (const name of folder.keys()) await folder.removeEntry(name, { recursive: true });
};

/** What an expected failure looked like. */
globalThis.failure = async (work) => {
  try {
    await work();
  } catch (error) {
    const { name, message, code } = error ?? {};
    return { name, message, code, typed: error instanceof lib.RushlightError, text: String(error) };
  }
  return undefined;
};

/** The wasm runtime without the package around it: the only way to see token ids. */
globalThis.openRuntime = async (device, urls, options) => {
  const glue = await import('/pkg/runtime.js');
  await glue.default({ module_or_path: new URL('/pkg/runtime.wasm', location.href) });
  const files = await Promise.all(
    Object.entries(urls).map(async ([name, url]) => {
      const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
      const readAt = (offset, into) => {
        const end = Math.min(offset + into.length, bytes.length);
        into.set(bytes.subarray(offset, end));
        return end - offset;
      };
      return { name, size: bytes.length, readAt };
    }),
  );
  // The goldens that this is for say more than the self-test.
  return glue.Runtime.open(files, { device, selfTest: false, ...options }, () => true);
};

/** Submits to the GPU while `work` goes on with a runtime, timers that are set, and frames that the page draws. */
globalThis.watched = async (runtime, work) => {
  let drawn = 0;
  let counting = true;
  const count = () => {
    drawn += 1;
    if (counting) requestAnimationFrame(count);
  };
  requestAnimationFrame(count);
  const { setTimeout } = globalThis;
  let timers = 0;
  globalThis.setTimeout = (...args) => {
    timers += 1;
    return setTimeout(...args);
  };
  const before = runtime.counters().submits;
  await work();
  counting = false;
  globalThis.setTimeout = setTimeout;
  return { drawn, timers, submits: runtime.counters().submits - before };
};

globalThis.ready = true;
