/**
 * Asks the text of a body whether it holds what an expression needs to be true (byte-test.ts, T1).
 *
 * Regular expressions do it, because the engine compiles them and skips most characters: a fifteenth of what parsing costs.
 */
import type { Need } from "./byte-test.ts";

/** Whether the text holds what is needed. */
export type NeedTest = (text: string) => boolean;

/** Compiles a need; it is looked for in the text of JSON without a backslash. */
export function compileNeed(need: Need): NeedTest {
  switch (need.kind) {
    case "text":
      return compileTexts([need]);
    case "all": {
      const tests = need.of.map(compileNeed);
      return (text) => tests.every((test) => test(text));
    }
    case "any": {
      const texts = need.of.filter((part) => part.kind === "text");
      const others = need.of.filter((part) => part.kind !== "text").map(compileNeed);
      const tests = texts.length === 0 ? others : [compileTexts(texts), ...others];
      return (text) => tests.some((test) => test(text));
    }
  }
}

type TextNeed = Need & { readonly kind: "text" };

/** One of these texts: one expression, in which those of one member stand together. */
function compileTexts(needs: readonly TextNeed[]): NeedTest {
  const groups = Map.groupBy(needs, (need) => need.member);
  const pattern = new RegExp([...groups].map(([member, group]) => patternOf(member, group)).join("|"), "u");
  return (text) => pattern.test(text);
}

/** The blanks of JSON, which are fewer than those of regular expressions. */
const BLANKS = "[ \\t\\n\\r]*";

function patternOf(member: string | undefined, needs: readonly TextNeed[]): string {
  const texts = needs.map((need) => escaped(need.text)).join("|");
  return member === undefined ? texts : `"${escaped(member)}"${BLANKS}:${BLANKS}(?:${texts})`;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/gu, String.raw`\$&`);
}
