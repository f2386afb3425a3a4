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

/** What the self-test found: the kernels that passed, and why not better ones. */
export interface Verdict {
  tier?: string | undefined;
  tierReason?: string | undefined;
}

/** What was found before. */
export async function recall(store: ModelStore, key: string): Promise<Verdict | undefined> {
  try {
    const file = await store.open(key);
    if (file === undefined) return undefined;
    const bytes = new Uint8Array(file.size);
    file.readAt(0, bytes);
    file.close();
    return JSON.parse(new TextDecoder().decode(bytes)) as Verdict;
  } catch {
    return undefined; // A damaged file: the device is tried again.
  }
}

/** Remembers what was found. Without room for it the next load tests again. */
export async function remember(store: ModelStore, key: string, verdict: Verdict): Promise<void> {
  try {
    const bytes = new TextEncoder().encode(JSON.stringify(verdict));
    const file = await store.part(key, bytes.length);
    file.clear();
    file.append(bytes);
    await file.commit();
  } catch {
    // Nothing is lost but a second.
  }
}
