// llama.cpp and this runtime on one model file, by turns, as JSON lines: tokens a second of reading a prompt and of writing an
// answer, and ours over llama.cpp's.
//
//   node llama.mjs MODEL.gguf [RUSHLIGHT]
//
// RUSHLIGHT is the native driver. The environment: PROMPT and TOKENS are how many (256, 64), ROUNDS is how often (3), GPU=cpu
// has both compute on the CPU, with THREADS threads (1). LLAMA_BENCH names a llama-bench that is run instead of the npm package.
import { execFileSync } from 'node:child_process';

const [model, rushlight] = process.argv.slice(2);
const number = (name, otherwise) => Number(process.env[name] ?? otherwise);
const [prompt, tokens, rounds, threads] = [number('PROMPT', 256), number('TOKENS', 64), number('ROUNDS', 3), number('THREADS', 1)];
const onCpu = process.env.GPU === 'cpu';

/** Any ids below those of the padding. */
const ids = (round) => Array.from({ length: prompt }, (_, index) => (index * 37 + round * 101 + 11) % 256);

/** llama.cpp in this process. The loop that takes one token after the other is JavaScript and is measured with it. */
async function inProcess() {
  const { getLlama, getModuleVersion, LlamaLogLevel } = await import('node-llama-cpp');
  const version = await getModuleVersion();
  const llama = await getLlama({ gpu: onCpu ? false : 'vulkan', build: 'never', logLevel: LlamaLogLevel.error });
  const loaded = await llama.loadModel({ modelPath: model, gpuLayers: onCpu ? 0 : 'max' });
  const options = { contextSize: 2048, sequences: 1, flashAttention: !onCpu, threads: onCpu ? threads : undefined };
  const context = await loaded.createContext(options);
  const sequence = context.getSequence();
  const measure = async (round) => {
    await sequence.clearHistory();
    const started = performance.now();
    // The first token of the answer is part of reading the prompt, as in our figures.
    const answer = sequence.evaluate(ids(round), { temperature: 0 });
    await answer.next();
    const read = performance.now();
    let written = 0;
    while (written < tokens - 1 && !(await answer.next()).done) written++;
    const ended = performance.now();
    await answer.return();
    return { prefill: prompt / ((read - started) / 1e3), decode: written / ((ended - read) / 1e3), written };
  };
  const device = onCpu ? 'cpu' : (await llama.getGpuDeviceNames()).join(', ');
  // It goes on with the processor; software adapters it takes by their number alone, GGML_VK_VISIBLE_DEVICES=0.
  if (device === '') throw new Error('llama.cpp found no Vulkan device');
  return { what: `node-llama-cpp ${version}, llama.cpp ${llama.llamaCppRelease.release}`, device, measure };
}

/** llama.cpp's own program. */
function program(path) {
  const run = (prompted, generated) => {
    const layers = onCpu ? ['-ngl', '0', '-t', String(threads)] : ['-ngl', '99', '-fa', '1'];
    const sizes = ['-p', String(prompted), '-n', String(generated), '-r', '1', '-o', 'jsonl'];
    return JSON.parse(execFileSync(path, ['-m', model, ...layers, ...sizes], { encoding: 'utf8' }).trim().split('\n').at(-1));
  };
  const measure = async () => ({ prefill: run(prompt, 0).avg_ts, decode: run(0, tokens).avg_ts, written: tokens });
  return { what: path, device: onCpu ? 'cpu' : 'gpu', measure };
}

/** The native driver, once. */
function ours() {
  const sizes = ['--prompt', String(prompt), '--tokens', String(tokens), '--runs', '1', '--threads', String(threads)];
  const device = ['--device', onCpu ? 'cpu' : 'gpu', '--no-ceiling'];
  const lines = execFileSync(rushlight, ['bench', model, ...device, ...sizes], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const found = Object.fromEntries(lines.trim().split('\n').map((line) => [JSON.parse(line).kind, JSON.parse(line)]));
  if (found.decode === undefined) throw new Error(`the driver measured nothing: ${lines}`);
  const { tier, adapter } = found.decode;
  const { tuning } = found.load;
  return { prefill: found.prefill.tokensPerSecond[0], decode: found.decode.tokensPerSecond[0], tier, adapter, tuning };
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const print = (line) => console.log(JSON.stringify(line));

const theirs = process.env.LLAMA_BENCH === undefined ? await inProcess() : program(process.env.LLAMA_BENCH);
await theirs.measure(rounds);
const found = { theirs: [], ours: [] };
for (let round = 0; round < rounds; round++) {
  found.theirs.push(await theirs.measure(round));
  if (rushlight !== undefined) found.ours.push(ours());
}
for (const kind of ['prefill', 'decode']) {
  const count = kind === 'prefill' ? prompt : tokens;
  const rates = (of) => of.map((one) => one[kind]);
  const written = found.theirs.some((one) => one.written < tokens - 1) ? { ended: 'the answer ended early' } : {};
  print({ kind, runtime: theirs.what, device: theirs.device, model, tokens: count, tokensPerSecond: rates(found.theirs), ...written });
  if (rushlight === undefined) continue;
  const { adapter, tier, tuning } = found.ours[0];
  print({ kind, runtime: 'rushlight', device: adapter, tier, tuning, model, tokens: count, tokensPerSecond: rates(found.ours) });
  print({ kind: 'ratio', of: kind, oursOverLlamaCpp: Number((median(rates(found.ours)) / median(rates(found.theirs))).toPrecision(3)) });
}
process.exit(0);
