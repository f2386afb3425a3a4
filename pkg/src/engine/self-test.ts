import manifest from '../../package.json' with { type: 'json' };
import type { Hasher } from '../weights/download.js';
import type { ModelStore } from '../weights/store.js';
import type { RuntimeFile } from './runtime.js';

/** What a verdict is about: this version, this browser, this adapter, this model. */
export function verdictKey(hasher: Hasher, adapter: string, id: string, files: RuntimeFile[]): string {
  const { userAgent } = (globalThis as { navigator?: { userAgent?: string } }).navigator ?? {};
  const facts = [manifest.version, userAgent, adapter, id, files.map(({ name, size }) => [name, size])];
  hasher.update(new TextEncoder().encode(JSON.stringify(facts)));
  return `self-test-${hasher.digest()}`;
}

/** Whether the device has passed before. */
export async function hasPassed(store: ModelStore, key: string): Promise<boolean> {
  return (await store.size(key)) !== undefined;
}

/** Remembers that it has: a file of one byte. Without room for it the next load tests again. */
export async function rememberPassed(store: ModelStore, key: string): Promise<void> {
  try {
    const file = await store.part(key, 1);
    if (file.size === 0) file.append(new Uint8Array(1));
    await file.commit();
  } catch {
    // Nothing is lost but a second.
  }
}
