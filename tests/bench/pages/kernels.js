/** One matrix product by each build of `tests/kernel-bench`, ours and candle-core's. */
const builds = {};
let matrices = {};

globalThis.load = async (names) => {
  for (const name of names) {
    builds[name] = await import(`/kernels/${name}/kernels.js`);
    await builds[name].default({ module_or_path: `/kernels/${name}/kernels_bg.wasm` });
  }
};

/** Makes the matrices in place of those before; returns the bytes of the weight in a file. */
globalThis.make = (...shape) => {
  for (const matrix of Object.values(matrices)) matrix.free();
  matrices = {};
  for (const [name, { Ours, Candle }] of Object.entries(builds)) {
    matrices[`${name} rushlight`] = new Ours(...shape);
    matrices[`${name} candle-core`] = new Candle(...shape);
  }
  const [dtype, rows, columns] = shape;
  return Object.values(builds)[0].weightBytes(dtype, rows, columns);
};

/** Seconds of one product, as the mean over some milliseconds. */
globalThis.time = (build, runtime, milliseconds) => {
  const matrix = matrices[`${build} ${runtime}`];
  const started = performance.now();
  let count = 0;
  let passed = 0;
  while (passed < milliseconds) {
    matrix.run(1);
    count += 1;
    passed = performance.now() - started;
  }
  return passed / count / 1000;
};
globalThis.ready = true;
