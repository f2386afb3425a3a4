import type { MemoryInfo, ModelInfo } from 'rushlight';
import { part } from './dom.ts';

/** The panel beside the tools: backend and why, model, speed, memory. */
export class Status {
  readonly #panel: HTMLElement;

  constructor(panel: HTMLElement) {
    this.#panel = panel;
  }

  info(title: string, info: ModelInfo, memory: MemoryInfo): void {
    this.#set('backend', info.device === 'webgpu' ? `WebGPU, ${info.adapter}` : `CPU (Wasm), ${info.adapter}`);
    this.#set('reason', sentence(info.reason));
    this.#set('model', `${title}, ${info.dtype}`);
    this.#set('memory', memory.device > 0 ? `${bytes(memory.device)} GPU, ${bytes(memory.heap)} Wasm` : `${bytes(memory.heap)} Wasm`);
  }

  speed(words: string): void {
    this.#set('speed', words);
  }

  reset(): void {
    this.#set('backend', 'Not started');
    this.#set('reason', 'Models load when a tool is first used.');
    for (const field of ['model', 'speed', 'memory']) this.#set(field, '–');
  }

  #set(field: string, value: string): void {
    part(this.#panel, `[data-field=${field}]`, HTMLElement).textContent = value;
  }
}

/** Bytes in the units that downloads are counted in. */
export function bytes(count: number): string {
  if (count < 1e6) return `${Math.round(count / 1e3)} kB`;
  return count < 1e9 ? `${(count / 1e6).toFixed(count < 1e7 ? 1 : 0)} MB` : `${(count / 1e9).toFixed(2)} GB`;
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}
