/** Reads GGUF: metadata, and tensors as f32, of the types that the files of the bench hold. */

const types = {
  0: ['UInt8', 1],
  1: ['Int8', 1],
  2: ['UInt16LE', 2],
  3: ['Int16LE', 2],
  4: ['UInt32LE', 4],
  5: ['Int32LE', 4],
  6: ['FloatLE', 4],
  7: ['UInt8', 1],
  10: ['BigUInt64LE', 8],
  11: ['BigInt64LE', 8],
  12: ['DoubleLE', 8],
};
const [U32, STRING, ARRAY, U64] = [4, 8, 9, 10];

/** Values and bytes of a block, and how it is read into `to`. */
const formats = {
  0: { values: 1, bytes: 4, read: (block, to) => (to[0] = block.readFloatLE(0)) },
  3: { values: 32, bytes: 20, read: q4_1 },
  8: { values: 32, bytes: 34, read: q8_0 },
};

function q4_1(block, to) {
  const [scale, least] = [half(block.readUInt16LE(0)), half(block.readUInt16LE(2))];
  for (let index = 0; index < 16; index += 1) {
    to[index] = scale * (block[4 + index] & 15) + least;
    to[index + 16] = scale * (block[4 + index] >> 4) + least;
  }
}

function q8_0(block, to) {
  const scale = half(block.readUInt16LE(0));
  for (let index = 0; index < 32; index += 1) to[index] = scale * block.readInt8(2 + index);
}

/** The number whose f16 bits these are. */
function half(bits) {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits >> 15 ? -size : size;
}

/** `{ metadata, tensor }`: `tensor(name)` is `{ shape, data }`, rows first, as f32. */
export function readGguf(file) {
  let at = 8;
  const read = (type) => {
    if (type === STRING) return file.toString('utf8', at + 8, (at += 8 + Number(file.readBigUInt64LE(at))));
    if (type === ARRAY) {
      const [item, length] = [read(U32), read(U64)];
      return Array.from({ length }, () => read(item));
    }
    const [kind, bytes] = types[type];
    const value = file[`read${kind}`](at);
    at += bytes;
    return typeof value === 'bigint' ? Number(value) : value;
  };
  const [tensors, pairs] = [read(U64), read(U64)];
  const metadata = {};
  for (let pair = 0; pair < pairs; pair += 1) metadata[read(STRING)] = read(read(U32));
  const infos = {};
  for (let tensor = 0; tensor < tensors; tensor += 1) {
    const name = read(STRING);
    const dimensions = read(U32);
    const shape = Array.from({ length: dimensions }, () => read(U64)).reverse();
    infos[name] = { shape, format: read(U32), offset: read(U64) };
  }
  const alignment = metadata['general.alignment'] ?? 32;
  const start = Math.ceil(at / alignment) * alignment;

  const tensor = (name) => {
    const { shape, format, offset } = infos[name];
    if (!formats[format]) throw new Error(`${name} is of GGUF type ${format}, which the bench does not read`);
    const { values, bytes, read } = formats[format];
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
    for (let block = 0; block < data.length / values; block += 1) {
      const from = start + offset + block * bytes;
      read(file.subarray(from, from + bytes), data.subarray(block * values, (block + 1) * values));
    }
    return { shape, data };
  };
  return { metadata, tensor };
}
