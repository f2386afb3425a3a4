/**
 * A static server for the tests: strict CSP, no COOP/COEP unless asked for, byte ranges, a log of every request,
 * and folders that misbehave on purpose.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { models, root } from './paths.mjs';

export const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
].join('; ');

/** Headers that make a page cross-origin isolated. The scripts of its workers need them too. */
export const isolation = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/** URL prefix to folder. The first that matches wins. */
const folders = {
  '/test/': join(root, 'tests/browser/pages'),
  '/pkg/': join(root, 'pkg/dist'),
  '/ops/': join(root, 'target/browser-ops'),
  '/models/': models,
  '/slow/': models,
  '/corrupt/': models,
  '/truncated/': models,
  '/': join(root, 'www/dist'),
};

const slowRate = 25e6; // bytes a second
const truncatedLength = 3_000_000; // bytes

/**
 * @param {{ folders?: Record<string, string>, headers?: Record<string, string> }} options
 *   more folders, looked at first, and headers beside the policy.
 */
export async function startServer(options = {}) {
  /** @type {{ path: string, range: string, status: number, bytes: number }[]} */
  const requests = [];
  const mounts = [...Object.entries(options.folders ?? {}), ...Object.entries(folders)];

  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://local').pathname);
    const entry = { path, range: request.headers.range ?? '', status: 0, bytes: 0 };
    requests.push(entry);
    try {
      await answer(request, response, path, entry, mounts, options.headers);
    } catch (error) {
      if (!response.headersSent && error.code === 'ENOENT') {
        entry.status = 404;
        response.writeHead(404, { 'content-type': 'text/plain' }).end('not found');
      } else {
        response.destroy(); // the reader went away
      }
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    requests,
    /** Requests for paths that contain `part`, from the `since`th on. */
    log: (part, since = 0) => requests.slice(since).filter(({ path }) => path.includes(part)),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function answer(request, response, path, entry, mounts, headers) {
  const [prefix, folder] = mounts.find(([start]) => path.startsWith(start));
  const inside = normalize(path.slice(prefix.length)).replace(/^(\.\.(\/|$))+/, '');
  const file = join(folder, path.endsWith('/') ? join(inside, 'index.html') : inside);
  const info = await stat(file);
  if (!info.isFile()) throw Object.assign(new Error(file), { code: 'ENOENT' });

  const size = prefix === '/truncated/' ? Math.min(info.size, truncatedLength) : info.size;
  const etag = `"${size}-${Math.round(info.mtimeMs)}"`;
  const range = /^bytes=(\d+)-(\d*)$/.exec(entry.range);
  const current = request.headers['if-range'] === undefined || request.headers['if-range'] === etag;
  let [start, end] = [0, size - 1];
  entry.status = 200;
  if (range && current) {
    start = Number(range[1]);
    end = range[2] === '' ? end : Math.min(Number(range[2]), end);
    entry.status = start > end ? 416 : 206;
  }
  response.writeHead(entry.status, {
    'content-security-policy': policy,
    'content-type': types[extname(file)] ?? 'application/octet-stream',
    'content-length': entry.status === 416 ? 0 : end - start + 1,
    'accept-ranges': 'bytes',
    'cache-control': 'no-store',
    etag,
    ...(entry.status === 206 && { 'content-range': `bytes ${start}-${end}/${size}` }),
    ...(entry.status === 416 && { 'content-range': `bytes */${size}` }),
    ...headers,
  });
  if (entry.status === 416 || request.method === 'HEAD' || size === 0) return void response.end();

  const stages = [createReadStream(file, { start, end })];
  if (prefix === '/corrupt/') stages.push(corrupt(start, Math.floor(size / 2)));
  if (prefix === '/slow/') stages.push(slow());
  stages.push(
    new Transform({
      transform(chunk, _, done) {
        entry.bytes += chunk.length;
        done(null, chunk);
      },
    }),
  );
  await pipeline(...stages, response);
}

/** Flips one bit of the file, in its middle. */
function corrupt(position, victim) {
  return new Transform({
    transform(chunk, _, done) {
      if (victim >= position && victim < position + chunk.length) chunk[victim - position] ^= 1;
      position += chunk.length;
      done(null, chunk);
    },
  });
}

function slow() {
  return new Transform({
    transform(chunk, _, done) {
      setTimeout(() => done(null, chunk), (chunk.length / slowRate) * 1000);
    },
  });
}
