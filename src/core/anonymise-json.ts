/**
 * JSON text with some of its strings and numbers replaced and all else as it stood: numbers keep their digits, members their order
 * (also those named twice), blanks their places. Parsing and writing anew would keep none of that.
 */

/** What becomes of each token; what is returned unchanged is copied as it was written. */
export interface JsonVisitor {
  /** The name of a member. */
  name(name: string): string;
  /** A string; `name` is that of the member it stands in, at whatever depth of lists. "" at the top. */
  string(name: string, value: string): string;
  /** A number as it is written. */
  number(name: string, token: string): string;
}

interface OpenBracket {
  readonly isObject: boolean;
  expectsName: boolean;
  name: string;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** What begins a token that matters: strings, numbers, and what opens, closes and separates. */
const START = /["\d{}[\],-]/gu;
const NUMBER = /-?\d[\d.eE+-]*/uy;

/** @param text - must be valid JSON */
export function rewriteJson(text: string, visitor: JsonVisitor): string {
  const open: OpenBracket[] = [];
  let written = "";
  let copied = 0;
  START.lastIndex = 0;
  for (let found = START.exec(text); found !== null; found = START.exec(text)) {
    const { index } = found;
    const token = tokenAt(text, index);
    START.lastIndex = index + token.length;
    const top = open.at(-1);
    const replacement = replacementOf(token, top, visitor);
    if (replacement === undefined) step(token, top, open);
    else if (replacement !== token) {
      written += text.slice(copied, index) + replacement;
      copied = index + token.length;
    }
  }
  return written + text.slice(copied);
}

function tokenAt(text: string, at: number): string {
  const first = text.charCodeAt(at);
  if (first === QUOTE) return text.slice(at, endOfString(text, at));
  NUMBER.lastIndex = at;
  return NUMBER.exec(text)?.[0] ?? text.charAt(at);
}

/** No expression does this: one that repeats a choice runs out of stack on a string of some megabytes. */
function endOfString(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return end + 1;
  }
  return text.length;
}

/** Undefined: no string and no number. */
function replacementOf(token: string, top: OpenBracket | undefined, visitor: JsonVisitor): string | undefined {
  const first = token.charCodeAt(0);
  if (first === QUOTE) return rewriteString(token, top, visitor);
  const isNumber = first === 0x2d || (first >= 0x30 && first <= 0x39);
  return isNumber ? visitor.number(top?.name ?? "", token) : undefined;
}

function step(character: string, top: OpenBracket | undefined, open: OpenBracket[]): void {
  const name = top?.name ?? "";
  if (character === "{") open.push({ isObject: true, expectsName: true, name });
  else if (character === "[") open.push({ isObject: false, expectsName: false, name });
  else if (character === "}" || character === "]") open.pop();
  else if (character === "," && top?.isObject === true) top.expectsName = true;
}

function rewriteString(token: string, top: OpenBracket | undefined, visitor: JsonVisitor): string {
  const value = JSON.parse(token) as string;
  const isName = top?.expectsName === true;
  const replacement = isName ? visitor.name(value) : visitor.string(top?.name ?? "", value);
  if (isName) {
    top.name = value;
    top.expectsName = false;
  }
  return replacement === value ? token : JSON.stringify(replacement);
}
