import type { Hasher } from './download.js';

/** Key of a file in a store: its content where that is known, else its address. */
export function storeKey(sha256: string | undefined, url: string, hasher: () => Hasher): string {
  if (sha256 !== undefined) return sha256;
  const hash = hasher();
  hash.update(new TextEncoder().encode(url));
  return `url-${hash.digest()}`;
}

/** The same without the runtime, for pages that only ask what is stored. */
export async function storeKeyAsync(sha256: string | undefined, url: string): Promise<string> {
  if (sha256 !== undefined) return sha256;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(url)));
  return `url-${[...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
