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

const STRING = /"(?:[^"\\]|\\.)*"/suy;
const NUMBER = /-?\d[\d.eE+-]*/uy;

/** @param text - must be valid JSON */
export function rewriteJson(text: string, visitor: JsonVisitor): string {
  const open: OpenBracket[] = [];
  let written = "";
  let copied = 0;
  const replace = (from: number, token: string, replacement: string): void => {
    if (replacement === token) return;
    written += text.slice(copied, from) + replacement;
    copied = from + token.length;
  };
  for (let at = 0; at < text.length;) {
    const character = text.charAt(at);
    const top = open.at(-1);
    if (character === '"') {
      const token = tokenAt(STRING, text, at);
      replace(at, token, rewriteString(token, top, visitor));
      at += token.length;
      continue;
    }
    if (character === "-" || (character >= "0" && character <= "9")) {
      const token = tokenAt(NUMBER, text, at);
      replace(at, token, visitor.number(top?.name ?? "", token));
      at += token.length;
      continue;
    }
    step(character, top, open);
    at += 1;
  }
  return written + text.slice(copied);
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

/** The token that begins here; of valid JSON it is never empty, and one character keeps the walk going in any case. */
function tokenAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? text.charAt(at);
}
