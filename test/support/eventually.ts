/** Waits for real I/O: looks after each turn of the event loop, up to a deadline that is only reached when something is wrong. */

/** Resolves once `look` gives something other than undefined or false. */
export async function eventually<T>(what: string, look: () => T | undefined | false, deadlineMs = 10_000): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`not seen within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
