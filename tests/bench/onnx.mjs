/**
 * all-MiniLM-L6-v2 as ONNX, made from the same safetensors that we load: what transformers.js runs on.
 * The graph is the one that PyTorch's exporter writes for a BERT encoder, with LayerNormalization as one op (opset 17).
 */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import onnxProto from 'onnx-proto';

const { onnx } = onnxProto;
const { FLOAT, INT64 } = onnx.TensorProto.DataType;

/** Writes `folder/onnx/model.onnx` and the side files that transformers.js reads. */
export async function writeOnnx(model, folder) {
  const config = JSON.parse(await readFile(join(model, 'config.json'), 'utf8'));
  const tensors = readSafetensors(await readFile(join(model, 'model.safetensors')));
  const bytes = onnx.ModelProto.encode(bert(config, tensors)).finish();
  await mkdir(join(folder, 'onnx'), { recursive: true });
  await writeFile(join(folder, 'onnx/model.onnx'), bytes);
  for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json']) {
    await copyFile(join(model, name), join(folder, name));
  }
}

function readSafetensors(file) {
  const start = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, start));
  return (name) => {
    const { shape, data_offsets: offsets } = header[name];
    return { shape, data: file.subarray(start + offsets[0], start + offsets[1]) };
  };
}

/** `[rows, columns]` of f32 to `[columns, rows]`. */
function transposed({ shape: [rows, columns], data }) {
  const from = new Float32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
  const to = new Float32Array(from.length);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) to[column * rows + row] = from[row * columns + column];
  }
  return { shape: [columns, rows], data: Buffer.from(to.buffer) };
}

function bert(config, tensors) {
  const { hidden_size: hidden, num_attention_heads: heads, num_hidden_layers: layers, layer_norm_eps: epsilon } = config;
  const node = [];
  const initializer = [];
  let count = 0;

  const op = (opType, input, attributes = {}) => {
    const output = `v${(count += 1)}`;
    const attribute = Object.entries(attributes).map(([name, value]) => {
      const { INT, INTS, FLOAT: REAL } = onnx.AttributeProto.AttributeType;
      if (Array.isArray(value)) return { name, type: INTS, ints: value };
      return Number.isInteger(value) ? { name, type: INT, i: value } : { name, type: REAL, f: value };
    });
    node.push({ opType, name: output, input, output: [output], attribute });
    return output;
  };
  const stored = (name, { shape, data }) => {
    initializer.push({ name, dims: shape, dataType: FLOAT, rawData: data });
    return name;
  };
  const number = (value) => stored(`c${(count += 1)}`, { shape: [], data: Buffer.from(new Float32Array([value]).buffer) });
  const integers = (...values) => {
    const name = `c${(count += 1)}`;
    const rawData = Buffer.from(new BigInt64Array(values.map(BigInt)).buffer);
    initializer.push({ name, dims: [values.length], dataType: INT64, rawData });
    return name;
  };
  const weight = (name) => stored(name, tensors(name));
  const linear = (input, name) => {
    const product = op('MatMul', [input, stored(`${name}.weight`, transposed(tensors(`${name}.weight`)))]);
    return op('Add', [product, weight(`${name}.bias`)]);
  };
  const norm = (input, name) =>
    op('LayerNormalization', [input, weight(`${name}.weight`), weight(`${name}.bias`)], { axis: -1, epsilon });

  const length = op('Gather', [op('Shape', ['input_ids']), integers(1)], { axis: 0 });
  const positions = op('Slice', [weight('embeddings.position_embeddings.weight'), integers(0), length, integers(0)]);
  const words = op('Gather', [weight('embeddings.word_embeddings.weight'), 'input_ids']);
  const types = op('Gather', [weight('embeddings.token_type_embeddings.weight'), 'token_type_ids']);
  let x = norm(op('Add', [op('Add', [words, types]), positions]), 'embeddings.LayerNorm');

  const seen = op('Unsqueeze', [op('Cast', ['attention_mask'], { to: FLOAT }), integers(1, 2)]);
  const mask = op('Mul', [op('Sub', [number(1), seen]), number(-3.4028234663852886e38)]);
  const split = integers(0, 0, heads, hidden / heads);
  const joined = integers(0, 0, hidden);
  for (let layer = 0; layer < layers; layer += 1) {
    const name = (part) => `encoder.layer.${layer}.${part}`;
    const [query, key, value] = [
      ['query', [0, 2, 1, 3]],
      ['key', [0, 2, 3, 1]],
      ['value', [0, 2, 1, 3]],
    ].map(([part, perm]) => op('Transpose', [op('Reshape', [linear(x, name(`attention.self.${part}`)), split])], { perm }));
    const scores = op('Div', [op('MatMul', [query, key]), number(Math.sqrt(hidden / heads))]);
    const weights = op('Softmax', [op('Add', [scores, mask])], { axis: -1 });
    const mixed = op('Transpose', [op('MatMul', [weights, value])], { perm: [0, 2, 1, 3] });
    const attended = linear(op('Reshape', [mixed, joined]), name('attention.output.dense'));
    x = norm(op('Add', [attended, x]), name('attention.output.LayerNorm'));
    const inner = linear(x, name('intermediate.dense'));
    const half = op('Add', [op('Erf', [op('Div', [inner, number(Math.SQRT2)])]), number(1)]);
    const active = op('Mul', [op('Mul', [inner, half]), number(0.5)]);
    x = norm(op('Add', [linear(active, name('output.dense')), x]), name('output.LayerNorm'));
  }
  node.at(-1).output = ['last_hidden_state'];

  const named = (name, elemType, ...dims) => {
    const dim = dims.map((size) => (typeof size === 'string' ? { dimParam: size } : { dimValue: size }));
    return { name, type: { tensorType: { elemType, shape: { dim } } } };
  };
  const inputs = ['input_ids', 'attention_mask', 'token_type_ids'];
  return onnx.ModelProto.create({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    producerName: 'rushlight-bench',
    graph: {
      name: 'bert',
      node,
      initializer,
      input: inputs.map((name) => named(name, INT64, 'batch', 'sequence')),
      output: [named('last_hidden_state', FLOAT, 'batch', 'sequence', hidden)],
    },
  });
}
