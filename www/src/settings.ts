import type { Device, SamplingOptions } from 'rushlight';

const query = new URLSearchParams(location.search);

/** What the address asks for: `?device=wasm`, and for tests `?tokens=24&temperature=0`, short and repeatable answers. */
export const settings: { device: Device; sampling: SamplingOptions } = {
  device: asDevice(query.get('device')),
  sampling: {
    maxTokens: Number(query.get('tokens')) || 256,
    ...(query.has('temperature') && { temperature: Number(query.get('temperature')) }),
  },
};

/** Remembers a choice in the address, so that a reload or a shared link keeps it. */
export function chooseDevice(value: string): void {
  settings.device = asDevice(value);
  const here = new URL(location.href);
  here.searchParams.set('device', settings.device);
  history.replaceState(null, '', here);
}

function asDevice(value: string | null): Device {
  return value === 'webgpu' || value === 'wasm' ? value : 'auto';
}
