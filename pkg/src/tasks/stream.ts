/** Starts work that emits text. `signal` fires when the reader goes away. */
type Work = (emit: (delta: string) => void, signal: AbortSignal) => Promise<void>;

/**
 * A stream of text pieces. A failure, an abort included, becomes the stream's error; cancelling the stream stops the
 * work silently.
 */
export function textStream(signal: AbortSignal, work: Work): ReadableStream<string> {
  const cancelled = new AbortController();
  return new ReadableStream<string>({
    start(controller) {
      const emit = (delta: string): void => {
        if (delta !== '' && !cancelled.signal.aborted && !signal.aborted) controller.enqueue(delta);
      };
      work(emit, AbortSignal.any([signal, cancelled.signal])).then(
        () => cancelled.signal.aborted || controller.close(),
        (error: unknown) => cancelled.signal.aborted || controller.error(error),
      );
    },
    cancel() {
      cancelled.abort();
    },
  });
}
