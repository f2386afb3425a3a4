/** The glue that wasm-bindgen writes: `wasm/runtime.js` when building, `dist/runtime.js` when built. */
declare module '#runtime';
/** The same of the module with threads, which the worker carries. */
declare module '#runtime-threads';
