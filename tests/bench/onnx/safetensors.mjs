/** Reads safetensors of f32: the returned function takes a tensor's name and gives `{ shape, data }`, rows first. */
export function readSafetensors(file) {
  const start = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, start));
  return (name) => {
    const { dtype, shape, data_offsets: offsets } = header[name];
    if (dtype !== 'F32') throw new Error(`${name} is ${dtype}, not F32`);
    const bytes = file.subarray(start + offsets[0], start + offsets[1]);
    return { shape, data: new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)) };
  };
}
