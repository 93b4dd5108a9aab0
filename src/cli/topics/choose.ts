/** Choosing topics by words and patterns, as people type them. */
import type { CatalogueTopic } from "./catalogue.ts";

/** Topics that hold every one of the words, in their name or description; case does not matter. */
export function withWords(topics: readonly CatalogueTopic[], words: readonly string[]): readonly CatalogueTopic[] {
  const wanted = words.map((word) => word.toLowerCase());
  return topics.filter(({ id, description }) => {
    const text = `${id}\n${description}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}

/** What was chosen, and the patterns that fit nothing. */
export interface Choice {
  readonly topics: readonly CatalogueTopic[];
  readonly unmatched: readonly string[];
}

/** Topics that fit one of the patterns: `*` stands for any text, `v2.users.{id}.presence` for itself. No patterns: all. */
export function byPatterns(topics: readonly CatalogueTopic[], patterns: readonly string[]): Choice {
  if (patterns.length === 0) return { topics, unmatched: [] };
  const tests = patterns.map((pattern) => new RegExp(`^${pattern.split("*").map(escaped).join(".*")}$`, "iu"));
  return {
    topics: topics.filter(({ id }) => tests.some((test) => test.test(id))),
    unmatched: patterns.filter((_pattern, at) => !topics.some(({ id }) => tests[at]?.test(id))),
  };
}

function escaped(text: string): string {
  return text.replaceAll(/[.+?^${}()|[\]\\/]/gu, String.raw`\$&`);
}
