import type { Device } from 'rushlight';

const query = new URLSearchParams(location.search);

/** What the address asks for: `?device=wasm`, and `?tokens=24` to keep answers short. */
export const settings: { device: Device; tokens: number } = {
  device: asDevice(query.get('device')),
  tokens: Number(query.get('tokens')) || 256,
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
