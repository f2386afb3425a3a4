/** The models that transformers.js runs on, made from the files that we load. */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bert } from './bert.mjs';
import { readGguf } from './gguf.mjs';
import { llama } from './llama.mjs';
import { readSafetensors } from './safetensors.mjs';
import { tokenizer } from './tokenizer.mjs';

/** What transformers.js calls the file of a dtype. */
const fileNames = { fp32: 'model.onnx', q8: 'model_quantized.onnx' };

/** all-MiniLM-L6-v2, of the folder that holds its safetensors. */
export async function writeMiniLm(model, folder, dtypes) {
  const config = JSON.parse(await readFile(join(model, 'config.json'), 'utf8'));
  const tensor = readSafetensors(await readFile(join(model, 'model.safetensors')));
  await writeModels(folder, dtypes, (dtype) => bert(config, tensor, dtype));
  for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json']) {
    await copyFile(join(model, name), join(folder, name));
  }
}

/** A Llama of one GGUF file: its weights are made f32, then of each dtype. */
export async function writeLlama(file, folder, dtypes) {
  const { metadata, tensor } = readGguf(await readFile(file));
  const of = (name) => metadata[`llama.${name}`];
  const config = {
    model_type: 'llama',
    architectures: ['LlamaForCausalLM'],
    hidden_act: 'silu',
    tie_word_embeddings: true,
    hidden_size: of('embedding_length'),
    intermediate_size: of('feed_forward_length'),
    num_hidden_layers: of('block_count'),
    num_attention_heads: of('attention.head_count'),
    num_key_value_heads: of('attention.head_count_kv'),
    head_dim: of('rope.dimension_count'),
    max_position_embeddings: of('context_length'),
    rms_norm_eps: of('attention.layer_norm_rms_epsilon'),
    rope_theta: of('rope.freq_base'),
    vocab_size: of('vocab_size'),
  };
  await writeModels(folder, dtypes, (dtype) => llama(config, tensor, dtype));
  const json = {
    'config.json': config,
    // No token ends an answer: every contender writes as many as it is told.
    'generation_config.json': {},
    'tokenizer.json': tokenizer(metadata),
    'tokenizer_config.json': { tokenizer_class: 'GPT2Tokenizer' },
  };
  for (const [name, value] of Object.entries(json)) await writeFile(join(folder, name), JSON.stringify(value));
}

async function writeModels(folder, dtypes, encode) {
  await mkdir(join(folder, 'onnx'), { recursive: true });
  for (const dtype of dtypes) await writeFile(join(folder, 'onnx', fileNames[dtype]), encode(dtype));
}
