import type { Device } from '../options.js';

/** The few parts of WebGPU that the choice needs; not every TypeScript library has the types. */
interface Adapter {
  readonly isFallbackAdapter?: boolean;
  readonly info?: { vendor?: string; architecture?: string; description?: string; isFallbackAdapter?: boolean };
}

interface Gpu {
  requestAdapter(options?: { powerPreference?: string }): Promise<Adapter | null>;
}

/** A device, and the reason in plain words. */
export interface Choice {
  device: 'webgpu' | 'wasm';
  reason: string;
  /** What the browser calls the adapter; empty where it says nothing. */
  adapter: string;
}

/** Adapters that compute on the CPU: slower there than our own Wasm kernels. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|basic render/i;

/**
 * `'auto'` takes WebGPU when there is an adapter and it is not a software one. What was asked for by name is taken
 * as it is; the runtime says when it is not there.
 */
export async function chooseDevice(asked: Device, powerPreference?: string): Promise<Choice> {
  const wasm = (reason: string): Choice => ({ device: 'wasm', reason, adapter: '' });
  if (asked === 'wasm') return wasm("device: 'wasm' was asked for");
  const found = await findAdapter(powerPreference);
  if (asked === 'webgpu') {
    return { device: 'webgpu', reason: "device: 'webgpu' was asked for", adapter: typeof found === 'string' ? '' : found.name };
  }
  if (typeof found === 'string') return wasm(found);
  const { name, software } = found;
  if (software) return wasm(`the only WebGPU adapter is a software one (${name || 'fallback'})`);
  return { device: 'webgpu', reason: `WebGPU adapter ${name || 'without a name'}`, adapter: name };
}

/** The adapter, or why there is none. */
async function findAdapter(powerPreference: string | undefined): Promise<{ name: string; software: boolean } | string> {
  const gpu = (globalThis as { navigator?: { gpu?: Gpu } }).navigator?.gpu;
  if (gpu === undefined) return 'this browser has no WebGPU';
  try {
    const adapter = await gpu.requestAdapter(powerPreference === undefined ? {} : { powerPreference });
    if (adapter === null) return 'WebGPU has no adapter on this machine';
    const { info } = adapter;
    const name = [info?.vendor, info?.architecture, info?.description].filter(Boolean).join(' ');
    const fallback = adapter.isFallbackAdapter === true || info?.isFallbackAdapter === true;
    return { name, software: fallback || SOFTWARE.test(name) };
  } catch (error) {
    return `WebGPU failed: ${error instanceof Error ? error.message : String(error)}`;
  }
}
