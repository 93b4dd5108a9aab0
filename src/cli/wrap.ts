/** Lines no wider than the terminal, with what follows the first one indented. */
import { columnsOf, fit } from "./text.ts";

/** No line is made narrower than this: a terminal that small is not read anyway. */
const NARROWEST = 24;

/**
 * The text on as many lines as it takes, broken at blanks; a word that is too long for a line is broken where the line ends.
 *
 * @param width - columns of the terminal; undefined: one line, for a pipe
 * @param first - what the first line begins with; the others are indented by as much
 */
export function wrap(text: string, width: number | undefined, first = ""): string[] {
  if (width === undefined) return [first + text];
  const room = Math.max(NARROWEST, width - columnsOf(first));
  const indent = " ".repeat(columnsOf(first));
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").flatMap((one) => pieces(one, room))) {
    if (line !== "" && columnsOf(line) + 1 + columnsOf(word) > room) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((one, at) => (at === 0 ? first : indent) + one);
}

function pieces(word: string, room: number): string[] {
  const parts: string[] = [];
  let rest = word;
  while (columnsOf(rest) > room) {
    const part = fit(rest, room + 1).replace(/…$/u, "");
    parts.push(part);
    rest = rest.slice(part.length);
  }
  return [...parts, rest];
}
