/** Typing pauses this long before what was typed is read, in milliseconds. */
const pause = 150;

/** A function to call at each key: `work` runs once after the last one. */
export function afterPause(work: () => void): () => void {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, pause);
  };
}
