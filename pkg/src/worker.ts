import { serve, type Scope } from './engine/serve.js';
import { beThread, loadThreaded, THREAD } from './engine/threads.js';

/** This file again: whatever policy and bundler let it start once do so again. */
const startThread = (): Worker => new Worker(globalThis.location.href, { type: 'module', name: THREAD });

const scope = globalThis as unknown as Scope & Parameters<typeof beThread>[0] & { name: string };
if (scope.name === THREAD) beThread(scope);
else serve(scope, { loadThreaded: (args) => loadThreaded(args, startThread) });
