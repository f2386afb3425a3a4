import manifest from '../../package.json' with { type: 'json' };
import type { Hasher } from '../weights/download.js';
import type { ModelStore } from '../weights/store.js';
import type { RuntimeFile } from './runtime.js';

/** A self-test with the comparison of kernels after it, one without, or costs. */
export type FindingKind = 'self-test' | 'self-test-untuned' | 'routing';

/** What a finding is about: this version, this browser, this adapter, this model. */
export function findingKey(kind: FindingKind, hasher: Hasher, adapter: string, id: string, files: RuntimeFile[]): string {
  const { userAgent } = (globalThis as { navigator?: { userAgent?: string } }).navigator ?? {};
  const facts = [manifest.version, userAgent, adapter, id, files.map(({ name, size }) => [name, size])];
  hasher.update(new TextEncoder().encode(JSON.stringify(facts)));
  return `${kind}-${hasher.digest()}`;
}

/** What the self-test found: the kernels that passed, and why not better ones; and which of those were the fastest. */
export interface Verdict {
  tier?: string | undefined;
  tierReason?: string | undefined;
  tuning?: string | undefined;
  tuningReason?: string | undefined;
}

/** What was found before. */
export async function recall<T>(store: ModelStore, key: string): Promise<T | undefined> {
  try {
    const file = await store.open(key);
    if (file === undefined) return undefined;
    const bytes = new Uint8Array(file.size);
    file.readAt(0, bytes);
    file.close();
    return JSON.parse(new TextDecoder().decode(bytes)) as T;
  } catch {
    return undefined; // A damaged file: the device is tried again.
  }
}

/** Remembers what was found. Without room for it the next load tries again. */
export async function remember(store: ModelStore, key: string, finding: unknown): Promise<void> {
  try {
    const bytes = new TextEncoder().encode(JSON.stringify(finding));
    const file = await store.part(key, bytes.length);
    file.clear();
    file.append(bytes);
    await file.commit();
  } catch {
    // Nothing is lost but a second.
  }
}
