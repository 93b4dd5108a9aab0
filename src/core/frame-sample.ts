/** The beginning of a frame for the log: one line, digits masked (callers' numbers), secrets out, cut. */
import { oneLine } from "./cause.ts";

const MAX_CHARACTERS = 80;
const decoder = new TextDecoder();

/** @param scrub - takes secrets out of a text; runs before the cut, or half of one could stay */
export function frameSample(bytes: Uint8Array, scrub: (text: string) => string = (text) => text): string {
  const text = oneLine(scrub(decoder.decode(bytes.subarray(0, MAX_CHARACTERS * 8)))).replaceAll(/\d/gu, "#");
  return bytes.length > MAX_CHARACTERS || text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text;
}
