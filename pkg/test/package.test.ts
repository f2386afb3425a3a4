// What the built files promise to bundlers and to a strict content security policy.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const dist = `${import.meta.testRoot}/dist`;
const skip = !existsSync(`${dist}/runtime.js`) && 'dist is not built (cargo xtask build)';
if (skip !== false) console.log(`skipped: ${skip}`);
const built = (name: string): string => readFileSync(`${dist}/${name}`, 'utf8');
const urls = (source: string): string[] => [...source.matchAll(/new URL\("([^"]+)",\s*import\.meta\.url\)/g)].map(([, url]) => url as string);

test('the worker is one file, with the wasm modules beside it', { skip }, () => {
  const worker = built('worker.js');
  assert.doesNotMatch(worker, /^import\b|\bimport\(/m);
  assert.deepEqual(urls(worker).sort(), ['./runtime-threads.wasm', './runtime.wasm']);
});

test('the page loads worker, wasm and glue by addresses that bundlers find', { skip }, () => {
  const index = built('index.js');
  assert.deepEqual(urls(index).sort(), ['./runtime.wasm', './worker.js']);
  assert.deepEqual(index.match(/\bimport\([^)]*\)/g), ['import("./runtime.js")']);
  assert.doesNotMatch(index, /^import\b/m);
});

test('nothing evaluates strings, makes workers of blobs, or names a server', { skip }, () => {
  for (const name of ['index.js', 'worker.js', 'runtime.js']) {
    const code = built(name).replace(/^\s*(\/\/|\/?\*).*$/gm, '').replace(/"source":\s*"[^"]*"|source:\s*"[^"]*"/g, '');
    assert.doesNotMatch(code, /\beval\(|new Function\b|createObjectURL|importScripts/, name);
    assert.doesNotMatch(code.replace(/\(https:\/\/ai\.google\.dev\/gemma\/terms\)/, ''), /https?:\/\//, name);
  }
});
