/**
 * The products with weights in the ways that transformers.js's models are published, `{ fp32, q8 }`: each takes a graph
 * and gives a function of an input and weights, `[outputs, inputs]` of f32, that adds the product.
 *
 * q8 is what onnxruntime's `quantize_dynamic` writes with transformers.js's published options (`per_channel` and
 * `reduce_range`): weights of 7 bits with a scale an output, so that sums of two products fit 16 bits; activations of 8 bits
 * with a scale and a zero point found in every call. onnxruntime fuses these nodes when it loads them. Embeddings are left
 * in f32 here, which is more accurate and costs a call nothing.
 */
import { types } from './graph.mjs';

/** Largest magnitude of a weight of 7 bits: `reduce_range`. */
const most = 64;

export const linears = {
  fp32: (graph) => (input, weight) => graph.op('MatMul', [input, graph.stored(transposed(weight))]),
  q8: (graph) => {
    const quantized = new Map();
    return (input, weight) => {
      if (!quantized.has(input)) quantized.set(input, graph.ops('DynamicQuantizeLinear', [input], 3));
      const [bytes, scale, zero] = quantized.get(input);
      const { values, scales } = quantize(weight);
      const zeros = { shape: scales.shape, data: new Int8Array(scales.shape[0]) };
      const product = graph.op('MatMulInteger', [bytes, graph.stored(transposed(values)), zero, graph.stored(zeros)]);
      const factor = graph.op('Mul', [scale, graph.stored(scales)]);
      return graph.op('Mul', [graph.op('Cast', [product], { to: types.FLOAT }), factor]);
    };
  },
};

/** `[rows, columns]` to `[columns, rows]`. */
function transposed({ shape: [rows, columns], data }) {
  const to = new data.constructor(data.length);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) to[column * rows + row] = data[row * columns + column];
  }
  return { shape: [columns, rows], data: to };
}

/** Each row in integers around zero, and what one of them stands for. */
function quantize({ shape: [rows, columns], data }) {
  const values = new Int8Array(data.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row += 1) {
    const from = data.subarray(row * columns, (row + 1) * columns);
    const scale = from.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0) / most || 1;
    scales[row] = scale;
    for (let column = 0; column < columns; column += 1) values[row * columns + column] = Math.round(from[column] / scale);
  }
  return { values: { shape: [rows, columns], data: values }, scales: { shape: [rows], data: scales } };
}
