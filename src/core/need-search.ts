/**
 * Asks the text of a body whether it holds what an expression needs to be true (byte-test.ts, T1).
 *
 * Regular expressions do it, because the engine compiles them and skips most characters: about a tenth of what parsing costs.
 * In JSON without a backslash each quote begins or ends a string, so the object around a place is found in either direction.
 */
import type { Need, TextNeed } from "./byte-test.ts";

/** Whether the text holds what is needed. */
export type NeedTest = (text: string) => boolean;

/** Compiles a need; it is looked for in the text of JSON without a backslash. */
export function compileNeed(need: Need): NeedTest {
  switch (need.kind) {
    case "text": {
      const pattern = new RegExp(patternOf([need]), "u");
      return (text) => pattern.test(text);
    }
    case "all": {
      const tests = need.of.map(compileNeed);
      return (text) => tests.every((test) => test(text));
    }
    case "any":
      return compileAny(need.of);
    case "within":
      return compileWithin(need.anchors, compileNeed(need.rest));
  }
}

/** One test for several needs: where it is false, each of them is unmet. Most bodies are through after this one. */
export function compileCommon(needs: readonly Need[]): NeedTest | undefined {
  if (needs.length < 2) return undefined;
  return compileAny([...new Map(needs.flatMap(oneOf).map((need) => [JSON.stringify(need), need])).values()]);
}

/** Texts of which one at least stands wherever the need is met. */
function oneOf(need: Need): readonly TextNeed[] {
  switch (need.kind) {
    case "text":
      return [need];
    case "any":
      return need.of.flatMap(oneOf);
    case "all":
      return need.of.map(oneOf).reduce((fewest, texts) => (texts.length < fewest.length ? texts : fewest));
    case "within":
      return oneOf(need.rest);
  }
}

function compileAny(needs: readonly Need[]): NeedTest {
  const texts = needs.filter((need) => need.kind === "text");
  const tests = needs.filter((need) => need.kind !== "text").map(compileNeed);
  if (texts.length === 0) return (text) => tests.some((test) => test(text));
  const pattern = new RegExp(patternOf(texts), "u");
  return (text) => pattern.test(text) || tests.some((test) => test(text));
}

/** More places than these are not looked around: the body is taken for one that may hold what is needed. */
const MAX_PLACES = 8;

/** Asks the object around each anchor. */
function compileWithin(anchors: readonly TextNeed[], test: NeedTest): NeedTest {
  const pattern = new RegExp(patternOf(anchors), "gu");
  return (text) => {
    pattern.lastIndex = 0;
    for (let places = 0; pattern.test(text); places += 1) {
      if (places === MAX_PLACES) return true;
      // Between the name and the value of an anchor there is no bracket, so both lie in the same object.
      const at = pattern.lastIndex;
      if (test(text.slice(objectStart(text, at), objectEnd(text, at)))) return true;
    }
    return false;
  };
}

/** The bracket that opens the object around a place outside of strings. */
function objectStart(text: string, from: number): number {
  let depth = 0;
  for (let at = from - 1; at >= 0; at -= 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = text.lastIndexOf('"', at - 1);
    else if (isClosing(code)) depth += 1;
    else if (isOpening(code)) {
      if (depth === 0) return at;
      depth -= 1;
    }
    if (at < 0) break;
  }
  return 0;
}

/** The bracket that closes it. */
function objectEnd(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = text.indexOf('"', at + 1);
      if (at < 0) break;
    } else if (isOpening(code)) depth += 1;
    else if (isClosing(code)) {
      if (depth === 0) return at;
      depth -= 1;
    }
  }
  return text.length;
}

const QUOTE = 0x22;

/** `{` or `[`, which differ in one bit; `}` and `]` alike. */
function isOpening(code: number): boolean {
  return (code | 0x20) === 0x7b;
}

function isClosing(code: number): boolean {
  return (code | 0x20) === 0x7d;
}

/** The blanks of JSON, which are fewer than those of regular expressions. */
const BLANKS = "[ \\t\\n\\r]*";

/** One of these texts; those of one member stand together. */
function patternOf(needs: readonly TextNeed[]): string {
  return [...Map.groupBy(needs, (need) => need.member)]
    .map(([member, group]) => {
      const texts = group.map((need) => escaped(need.text)).join("|");
      return member === undefined ? texts : `"${escaped(member)}"${BLANKS}:${BLANKS}(?:${texts})`;
    })
    .join("|");
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/gu, String.raw`\$&`);
}
