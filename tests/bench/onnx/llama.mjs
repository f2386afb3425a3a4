/**
 * A Llama decoder as ONNX, with onnxruntime's own operators for RMSNorm with the residual and for RoPE. Attention is made
 * of matrix products, as PyTorch's exporter writes it: GroupQueryAttention does the same, and takes most of the time of a
 * prompt on the Wasm backend. Inputs and outputs are those that transformers.js expects.
 */
import { Graph, types } from './graph.mjs';
import { linears } from './linear.mjs';

/** The file, of a `config.json` and tensors by their names in GGUF, with products of `dtype`. */
export function llama(config, tensor, dtype) {
  const { hidden_size: hidden, num_hidden_layers: layers, rms_norm_eps: epsilon } = config;
  const { num_attention_heads: heads, num_key_value_heads: kvHeads, head_dim: width } = config;
  const graph = new Graph();
  const linear = linears[dtype](graph);
  const op = (...args) => graph.op(...args);
  const weight = (name) => tensor(`${name}.weight`);
  const norm = (name) => graph.stored(weight(name));

  const tables = rotations(config).map((table) => graph.stored(table));
  const rotated = (input, heads) => op('com.microsoft.RotaryEmbedding', [input, 'position_ids', ...tables], { num_heads: heads });
  const split = graph.integers(0, 0, -1, width);
  const byHead = (input) => op('Transpose', [op('Reshape', [input, split])], { perm: [0, 2, 1, 3] });
  // Heads that share keys and values lie in one matrix.
  const grouped = graph.integers(0, kvHeads, -1, 0);
  const ungrouped = graph.integers(0, heads, -1, 0);
  const joined = graph.integers(0, 0, hidden);
  const hides = bias(graph);
  const scale = graph.number(width ** -0.5);

  const outputs = {};
  const inputs = {
    input_ids: [types.INT64, 'batch_size', 'sequence'],
    attention_mask: [types.INT64, 'batch_size', 'total'],
    position_ids: [types.INT64, 'batch_size', 'sequence'],
    num_logits_to_keep: [types.INT64],
  };
  const embeddings = weight('token_embd');
  let x = op('Gather', [graph.stored(embeddings), 'input_ids']);
  let normed = op('SimplifiedLayerNormalization', [x, norm('blk.0.attn_norm')], { axis: -1, epsilon });
  const addAndNorm = (added, name) => {
    const input = [x, added, norm(name)];
    const [output, , , sum] = graph.ops('com.microsoft.SkipSimplifiedLayerNormalization', input, 4, { epsilon });
    x = sum;
    return output;
  };
  for (let layer = 0; layer < layers; layer += 1) {
    const name = (part) => `blk.${layer}.${part}`;
    const query = rotated(linear(normed, halves(weight(name('attn_q')), heads)), heads);
    const key = rotated(linear(normed, halves(weight(name('attn_k')), kvHeads)), kvHeads);
    const value = linear(normed, weight(name('attn_v')));
    const [keys, values] = [['key', key], ['value', value]].map(([part, added]) => {
      const [past, present] = [`past_key_values.${layer}.${part}`, `present.${layer}.${part}`];
      const from = op('Concat', [past, byHead(added)], { axis: 2 });
      inputs[past] = [types.FLOAT, 'batch_size', kvHeads, 'past', width];
      outputs[present] = { from, type: [types.FLOAT, 'batch_size', kvHeads, 'total', width] };
      return from;
    });
    const turned = op('Transpose', [keys], { perm: [0, 1, 3, 2] });
    const products = op('Mul', [op('MatMul', [op('Reshape', [byHead(query), grouped]), turned]), scale]);
    const scores = op('Softmax', [op('Add', [op('Reshape', [products, ungrouped]), hides])], { axis: -1 });
    const mixed = op('Reshape', [op('MatMul', [op('Reshape', [scores, grouped]), values]), ungrouped]);
    const attended = op('Reshape', [op('Transpose', [mixed], { perm: [0, 2, 1, 3] }), joined]);

    normed = addAndNorm(linear(attended, weight(name('attn_output'))), name('ffn_norm'));
    const gate = linear(normed, weight(name('ffn_gate')));
    const up = linear(normed, weight(name('ffn_up')));
    const active = op('Mul', [op('Mul', [gate, op('Sigmoid', [gate])]), up]);
    const down = linear(active, weight(name('ffn_down')));
    normed = addAndNorm(down, layer + 1 < layers ? `blk.${layer + 1}.attn_norm` : 'output_norm');
  }
  // Zero keeps all, any other number the last ones.
  const kept = op('Reshape', [op('Neg', ['num_logits_to_keep']), graph.integers(1)]);
  const wanted = op('Slice', [normed, kept, graph.integers(Number.MAX_SAFE_INTEGER), graph.integers(1)]);
  outputs.logits = { from: linear(wanted, embeddings), type: [types.FLOAT, 'batch_size', 'kept', embeddings.shape[0]] };
  return graph.encode(inputs, outputs);
}

/** What is added to a score: nothing where the query's token sees the key's, else what makes its share zero. */
function bias(graph) {
  const op = (...args) => graph.op(...args);
  const scalar = (value) => graph.stored({ shape: [], data: new BigInt64Array([value]) });
  const size = (input, axis) => op('Gather', [op('Shape', [input]), scalar(axis)]);
  const total = size('attention_mask', 1n);
  const keys = op('Range', [scalar(0n), total, scalar(1n)]);
  const queries = op('Range', [op('Sub', [total, size('input_ids', 1n)]), total, scalar(1n)]);
  const isBefore = op('LessOrEqual', [keys, op('Unsqueeze', [queries, graph.integers(1)])]);
  const isText = op('Unsqueeze', [op('Cast', ['attention_mask'], { to: types.BOOL }), graph.integers(1, 2)]);
  return op('Where', [op('And', [isBefore, isText]), graph.number(0), graph.number(-3.4028234663852886e38)]);
}

/** Cosines and sines by position. */
function rotations({ rope_theta: base, head_dim: width, max_position_embeddings: positions }) {
  const half = width / 2;
  const shape = [positions, half];
  const angle = (index) => Math.floor(index / half) * base ** (-(index % half) / half);
  return [Math.cos, Math.sin].map((of) => ({ shape, data: Float32Array.from({ length: positions * half }, (_, index) => of(angle(index))) }));
}

/** Rows of a head's rotated pairs, which GGUF keeps side by side, as the first ones and then the second ones. */
function halves({ shape: [rows, columns], data }, heads) {
  const to = new Float32Array(data.length);
  const half = rows / heads / 2;
  for (let row = 0; row < rows; row += 1) {
    const [head, at] = [Math.floor(row / half / 2), row % (2 * half)];
    const from = head * 2 * half + (at % half) * 2 + Math.floor(at / half);
    to.set(data.subarray(from * columns, (from + 1) * columns), row * columns);
  }
  return { shape: [rows, columns], data: to };
}
