/** Text for terminals: harmless, measured, cut. */
import { stripVTControlCharacters, styleText } from "node:util";

const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
/** Characters that take two columns: East Asian wide ones and emoji, near enough for alignment. */
const WIDE =
  /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|\p{Emoji_Presentation}/u;
const COMBINING = /\p{Mn}|\p{Me}/u;

const ESCAPE = "\u001B";
/** Escape sequences of styles, and single characters. */
const PIECES = new RegExp(`${ESCAPE}\\[[\\d;]*m|.`, "gsu");

/** Styles in use; names as `util.styleText` has them. */
export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan" | "magenta";

/** Paints text, or leaves it as it is. */
export type Paint = (style: Style | readonly Style[], text: string) => string;

/** A painter; without colours it changes nothing. */
export function painter(colors: boolean): Paint {
  if (!colors) return (_style, text) => text;
  return (style, text) => styleText(typeof style === "string" ? style : [...style], text, { validateStream: false });
}

/** Foreign text made harmless: no terminal escapes, no invisible or reordering characters; line breaks only where asked for. */
export function printable(text: string, lineBreaks = false): string {
  return text.replace(UNPRINTABLE, (character) => (lineBreaks && character === "\n" ? character : "\u00B7"));
}

/** Columns that a text takes on a terminal; styles count nothing. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of stripVTControlCharacters(text)) {
    if (!COMBINING.test(character)) columns += WIDE.test(character) ? 2 : 1;
  }
  return columns;
}

/** At most so many columns; what is cut ends in "…". Styles are kept, and end where the text ends. */
export function fit(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  if (columns <= 0) return "";
  let taken = "";
  let used = 0;
  for (const [piece] of text.matchAll(PIECES)) {
    const width = columnsOf(piece);
    if (used + width > columns - 1) break;
    taken += piece;
    used += width;
  }
  return taken.includes(ESCAPE) ? `${taken}…${ESCAPE}[0m` : `${taken}…`;
}

/** Filled up with blanks to so many columns; styles allowed. */
export function pad(text: string, columns: number, align: "left" | "right" = "left"): string {
  const blanks = " ".repeat(Math.max(0, columns - columnsOf(text)));
  return align === "left" ? text + blanks : blanks + text;
}

/** A whole number with thousands set apart. */
export function count(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
}

/** `0.04 ms`, `12 ms`, `3.2 s`, `4 min`, `2.5 h`: three digits at most. */
export function duration(ms: number | undefined): string {
  if (ms === undefined) return "-";
  if (ms < 10) return `${ms.toFixed(ms < 1 ? 2 : 1)} ms`;
  if (ms < 1_000) return `${ms.toFixed(0)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  if (ms < 3_600_000) return `${(ms / 60_000).toFixed(0)} min`;
  return `${(ms / 3_600_000).toFixed(1)} h`;
}
