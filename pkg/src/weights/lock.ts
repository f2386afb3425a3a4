/** Locks of this thread, for where the Web Locks API is missing (Node.js 20). */
const held = new Map<string, Promise<unknown>>();

/** Runs `work` while nobody else, in this or in any other tab, holds the lock of that name. */
export async function withLock<T>(name: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  if (typeof navigator !== 'undefined' && navigator.locks !== undefined) {
    let result: { value: T } | undefined;
    await navigator.locks.request(name, signal === undefined ? {} : { signal }, async () => {
      result = { value: await work() };
    });
    if (result === undefined) throw new Error(`the lock ${name} was not granted`);
    return result.value;
  }
  const before = held.get(name) ?? Promise.resolve();
  const mine = before.then(
    () => run(signal, work),
    () => run(signal, work),
  );
  held.set(name, mine);
  try {
    return await mine;
  } finally {
    if (held.get(name) === mine) held.delete(name);
  }
}

async function run<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  signal?.throwIfAborted();
  return work();
}

/** Whether somebody holds a lock whose name starts so. */
export async function isLocked(names: ReadonlySet<string>): Promise<boolean> {
  if (typeof navigator === 'undefined' || navigator.locks === undefined) return [...names].some((name) => held.has(name));
  return ((await navigator.locks.query()).held ?? []).some(({ name }) => name !== undefined && names.has(name));
}
