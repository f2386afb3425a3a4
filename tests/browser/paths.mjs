/** Where things are: the repository, the models, the browser. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export const models =
  process.env.MODELS ||
  process.env.RUSHLIGHT_MODELS ||
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'rushlight', 'models');

export const chromium = process.env.CHROMIUM || '/usr/bin/chromium';
export const firefox = process.env.FIREFOX || '/usr/bin/firefox-esr';

/** `RUSHLIGHT_FULL=1` runs on WebGPU what the software adapter of CI is too slow for. */
export const full = process.env.RUSHLIGHT_FULL === '1';

/** The models of the suites, each with its largest file. */
export const files = {
  'smollm2-135m-instruct': 'SmolLM2-135M-Instruct.Q4_1.gguf',
  'all-minilm-l6-v2': 'model.safetensors',
  'minilm-moderation': 'minilm-moderation.gguf',
  'gemma-3-270m': 'gemma-3-270m-q4_k_m.gguf',
};

export function hasModel(id) {
  return existsSync(join(models, id, files[id]));
}
