/** How far the sources reach: until when they surely heard of their providers, and when they last looked up what there is. */
import type { Source } from "../ports/source.ts";

/** The reach of all sources together. */
export interface Reach {
  /** Epoch milliseconds: of the connections that deliver, the last sign of life of the one that was silent for longest. */
  readonly heardAt: number;
  /** When each source last looked up what there is to subscribe; epoch milliseconds. */
  readonly looked: ReadonlyMap<string, number>;
  /** Until when each source was surely sent all that it has subscribed, of those that ask for it; epoch milliseconds. */
  readonly whole: ReadonlyMap<string, number>;
}

/** Connections that deliver. What does not is in an open gap already. */
const DELIVERING = new Set(["live", "moving"]);

/** The reach now. */
export function reachOf(sources: readonly { readonly source: Source }[], now: number): Reach {
  let heardAt = now;
  const looked = new Map<string, number>();
  const whole = new Map<string, number>();
  for (const { source } of sources) {
    const { connections, headroom } = source.status();
    for (const { state, lastFrameAt, wholeUntil } of connections) {
      if (wholeUntil !== undefined) whole.set(source.name, Math.min(wholeUntil, whole.get(source.name) ?? Infinity));
      if (lastFrameAt !== undefined && DELIVERING.has(state)) heardAt = Math.min(heardAt, lastFrameAt);
    }
    if (headroom?.lookedUpAt !== undefined) looked.set(source.name, headroom.lookedUpAt);
  }
  return { heardAt, looked, whole };
}
