/** The glue that wasm-bindgen writes: `wasm/runtime.js` when building, `dist/runtime.js` when built. */
declare module '#runtime';
