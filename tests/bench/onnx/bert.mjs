/**
 * A BERT encoder as ONNX: the graph is the one that PyTorch's exporter writes, with LayerNormalization as one op (opset 17).
 */
import { Graph, types } from './graph.mjs';
import { linears } from './linear.mjs';

/** The file, of a `config.json` and tensors by name, with products of `dtype`. */
export function bert(config, tensor, dtype) {
  const { hidden_size: hidden, num_attention_heads: heads, num_hidden_layers: layers, layer_norm_eps: epsilon } = config;
  const graph = new Graph();
  const product = linears[dtype](graph);
  const op = (...args) => graph.op(...args);
  const weight = (name) => graph.stored(tensor(name));
  const linear = (input, name) => op('Add', [product(input, tensor(`${name}.weight`)), weight(`${name}.bias`)]);
  const norm = (input, name) =>
    op('LayerNormalization', [input, weight(`${name}.weight`), weight(`${name}.bias`)], { axis: -1, epsilon });

  const length = op('Gather', [op('Shape', ['input_ids']), graph.integers(1)], { axis: 0 });
  const all = weight('embeddings.position_embeddings.weight');
  const positions = op('Slice', [all, graph.integers(0), length, graph.integers(0)]);
  const words = op('Gather', [weight('embeddings.word_embeddings.weight'), 'input_ids']);
  const kinds = op('Gather', [weight('embeddings.token_type_embeddings.weight'), 'token_type_ids']);
  let x = norm(op('Add', [op('Add', [words, kinds]), positions]), 'embeddings.LayerNorm');

  const seen = op('Unsqueeze', [op('Cast', ['attention_mask'], { to: types.FLOAT }), graph.integers(1, 2)]);
  const mask = op('Mul', [op('Sub', [graph.number(1), seen]), graph.number(-3.4028234663852886e38)]);
  const split = graph.integers(0, 0, heads, hidden / heads);
  const joined = graph.integers(0, 0, hidden);
  for (let layer = 0; layer < layers; layer += 1) {
    const name = (part) => `encoder.layer.${layer}.${part}`;
    const [query, key, value] = [
      ['query', [0, 2, 1, 3]],
      ['key', [0, 2, 3, 1]],
      ['value', [0, 2, 1, 3]],
    ].map(([part, perm]) => op('Transpose', [op('Reshape', [linear(x, name(`attention.self.${part}`)), split])], { perm }));
    const scores = op('Div', [op('MatMul', [query, key]), graph.number(Math.sqrt(hidden / heads))]);
    const weights = op('Softmax', [op('Add', [scores, mask])], { axis: -1 });
    const mixed = op('Transpose', [op('MatMul', [weights, value])], { perm: [0, 2, 1, 3] });
    const attended = linear(op('Reshape', [mixed, joined]), name('attention.output.dense'));
    x = norm(op('Add', [attended, x]), name('attention.output.LayerNorm'));
    const inner = linear(x, name('intermediate.dense'));
    const half = op('Add', [op('Erf', [op('Div', [inner, graph.number(Math.SQRT2)])]), graph.number(1)]);
    const active = op('Mul', [op('Mul', [inner, half]), graph.number(0.5)]);
    x = norm(op('Add', [linear(active, name('output.dense')), x]), name('output.LayerNorm'));
  }

  const tokens = [types.INT64, 'batch', 'sequence'];
  return graph.encode(
    { input_ids: tokens, attention_mask: tokens, token_type_ids: tokens },
    { last_hidden_state: { from: x, type: [types.FLOAT, 'batch', 'sequence', hidden] } },
  );
}
