/** Test lines that people and `cargo xtask test` read: `ok N - name`, `not ok N - name`, a sum at the end. */
import { hasModel } from './paths.mjs';

/** Thrown by a test that cannot run here. */
export class Skip extends Error {}

export class Report {
  #passed = 0;
  #failed = 0;
  #skipped = 0;
  #filter;

  /** @param {string | undefined} filter only tests whose name contains it */
  constructor(filter) {
    this.#filter = filter;
  }

  /** Runs one test. A returned string is printed as a note. */
  async test(name, work, limit = 300_000) {
    if (!this.#filter || name.includes(this.#filter)) await this.always(name, work, limit);
  }

  /** Runs what the other tests stand on, whatever was asked for. */
  async always(name, work, limit = 300_000) {
    const started = performance.now();
    try {
      const note = await within(limit, work);
      this.#passed += 1;
      console.log(`ok ${this.#number} - ${name} (${seconds(started)}${note ? `; ${note}` : ''})`);
    } catch (error) {
      if (error instanceof Skip) {
        this.#skipped += 1;
        console.log(`ok ${this.#number} - ${name} # skipped: ${error.message}`);
        return;
      }
      this.#failed += 1;
      console.log(`not ok ${this.#number} - ${name} (${seconds(started)})`);
      for (const line of String(error?.stack ?? error).split('\n')) console.log(`  ${line}`);
    }
  }

  /** Prints the sum; returns the exit code. */
  finish() {
    console.log(`${this.#passed} passed, ${this.#failed} failed, ${this.#skipped} skipped`);
    return this.#failed === 0 ? 0 : 1;
  }

  get #number() {
    return this.#passed + this.#failed + this.#skipped;
  }
}

async function within(limit, work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limit / 1000} s`)), limit);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}

function seconds(started) {
  return `${((performance.now() - started) / 1000).toFixed(1)} s`;
}

/** Skips the test where a model is absent, unless the run must have all of them. */
export function needModel(id) {
  if (hasModel(id)) return;
  if (process.env.REQUIRE_MODELS === '1') throw new Error(`model ${id} is not present and REQUIRE_MODELS=1`);
  throw new Skip(`model ${id} not present`);
}
