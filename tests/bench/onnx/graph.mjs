/** An ONNX graph in the making: every call adds a node or a stored tensor and returns the name of its value. */
import onnxProto from 'onnx-proto';

const { onnx } = onnxProto;
const { INT, INTS, FLOAT: REAL } = onnx.AttributeProto.AttributeType;

export const types = onnx.TensorProto.DataType;

const stored = new Map([
  [Float32Array, types.FLOAT],
  [Int8Array, types.INT8],
  [BigInt64Array, types.INT64],
]);

export class Graph {
  #node = [];
  #initializer = [];
  #count = 0;

  /** A node of one output. Operators outside ONNX itself are named with their domain: `com.microsoft.QuickGelu`. */
  op(opType, input, attributes = {}) {
    return this.ops(opType, input, 1, attributes)[0];
  }

  /** A node of `outputs` outputs. */
  ops(opType, input, outputs, attributes = {}) {
    const dot = opType.lastIndexOf('.');
    const name = this.#name();
    const output = Array.from({ length: outputs }, (_, index) => `${name}.${index}`);
    const attribute = Object.entries(attributes).map(([name, value]) => {
      if (Array.isArray(value)) return { name, type: INTS, ints: value };
      return Number.isInteger(value) ? { name, type: INT, i: value } : { name, type: REAL, f: value };
    });
    this.#node.push({ opType: opType.slice(dot + 1), domain: opType.slice(0, Math.max(dot, 0)), name, input, output, attribute });
    return output;
  }

  /** A tensor that lies in the file. */
  stored({ shape, data }) {
    const name = this.#name();
    const rawData = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    this.#initializer.push({ name, dims: shape, dataType: stored.get(data.constructor), rawData });
    return name;
  }

  number(value) {
    return this.stored({ shape: [], data: new Float32Array([value]) });
  }

  integers(...values) {
    return this.stored({ shape: [values.length], data: new BigInt64Array(values.map(BigInt)) });
  }

  /** The file: `inputs` by name are `[type, ...dimensions]`, `outputs` are `{ from, type }` with the value that each is. */
  encode(inputs, outputs) {
    const named = ([name, [elemType, ...dims]]) => {
      const dim = dims.map((size) => (typeof size === 'string' ? { dimParam: size } : { dimValue: size }));
      return { name, type: { tensorType: { elemType, shape: { dim } } } };
    };
    for (const [name, { from }] of Object.entries(outputs)) {
      for (const { output } of this.#node) if (output.includes(from)) output[output.indexOf(from)] = name;
      for (const { input } of this.#node) if (input.includes(from)) input[input.indexOf(from)] = name;
    }
    const model = {
      irVersion: 8,
      opsetImport: [
        { domain: '', version: 17 },
        { domain: 'com.microsoft', version: 1 },
      ],
      producerName: 'rushlight-bench',
      graph: {
        name: 'main',
        node: this.#node,
        initializer: this.#initializer,
        input: Object.entries(inputs).map(named),
        output: Object.entries(outputs).map(([name, { type }]) => named([name, type])),
      },
    };
    return onnx.ModelProto.encode(model).finish();
  }

  #name() {
    this.#count += 1;
    return `v${this.#count}`;
  }
}
