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
}

/** Adapters that compute on the CPU: slower there than our own Wasm kernels. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|basic render/i;

/**
 * `'auto'` takes WebGPU when there is an adapter and it is not a software one. What was asked for by name is taken
 * as it is; the runtime says when it is not there.
 */
export async function chooseDevice(asked: Device, powerPreference?: string): Promise<Choice> {
  if (asked !== 'auto') return { device: asked, reason: `device: '${asked}' was asked for` };
  const gpu = (globalThis as { navigator?: { gpu?: Gpu } }).navigator?.gpu;
  if (gpu === undefined) return { device: 'wasm', reason: 'this browser has no WebGPU' };
  try {
    const adapter = await gpu.requestAdapter(powerPreference === undefined ? {} : { powerPreference });
    if (adapter === null) return { device: 'wasm', reason: 'WebGPU has no adapter on this machine' };
    const { info } = adapter;
    const name = [info?.vendor, info?.architecture, info?.description].filter(Boolean).join(' ');
    if (adapter.isFallbackAdapter === true || info?.isFallbackAdapter === true || SOFTWARE.test(name)) {
      return { device: 'wasm', reason: `the only WebGPU adapter is a software one (${name || 'fallback'})` };
    }
    return { device: 'webgpu', reason: `WebGPU adapter ${name || 'without a name'}` };
  } catch (error) {
    return { device: 'wasm', reason: `WebGPU failed: ${error instanceof Error ? error.message : String(error)}` };
  }
}
