/**
 * Does one thing and another at once, and waits for the end of both, so that nothing goes on after it. When one of them fails the
 * other is ended, and the failure of the first to fail is thrown.
 */
export async function beside<T>(
  work: (signal: AbortSignal) => Promise<T>,
  other: (signal: AbortSignal) => Promise<unknown>,
  signal: AbortSignal,
): Promise<T> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const noting = async <R>(one: (ending: AbortSignal) => Promise<R>): Promise<R> => {
    try {
      return await one(either);
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  };
  const [working, othering] = [noting(work), noting(other)];
  await Promise.allSettled([working, othering]);
  failed.signal.throwIfAborted();
  return working;
}
