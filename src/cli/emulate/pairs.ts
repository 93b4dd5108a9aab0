/** `name=value` of repeated options, as members of an object. */
import { RingfirstError } from "../../errors.ts";

/** Numbers and yes-or-no are read as such. @throws RingfirstError `RF_USAGE` */
export function readPairs(option: string, given: readonly string[]): Readonly<Record<string, never>> {
  const pairs = given.map((text) => {
    const at = text.indexOf("=");
    if (at < 1) throw new RingfirstError("RF_USAGE", `${option} takes name=value, got ${text}`);
    return [text.slice(0, at), readValue(text.slice(at + 1))] as const;
  });
  // What the names and values may be is checked by whoever takes them.
  return Object.fromEntries(pairs) as Readonly<Record<string, never>>;
}

function readValue(text: string): unknown {
  if (text === "true" || text === "false") return text === "true";
  return text !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}
