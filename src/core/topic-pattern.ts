/**
 * Topic patterns: `v2.users.*.presence` matches topics with as many segments, `*` standing for exactly one.
 *
 * Compared without regard to case (PROTOCOL section 6: clients and the platform disagree on it). A segment is what
 * stands between dots; an empty one counts, `*` matches it too.
 */

/** A compiled list of patterns. */
export interface TopicMatcher {
  matches(topic: string): boolean;
}

/** The longest pattern, in characters; topics are under 200. */
export const MAX_PATTERN_LENGTH = 500;

/** What is wrong with a pattern, in words; undefined for a good one. */
export function topicPatternProblem(pattern: string): string | undefined {
  if (pattern === "") return "a topic pattern must not be empty";
  if (pattern.length > MAX_PATTERN_LENGTH) return `a topic pattern has at most ${MAX_PATTERN_LENGTH} characters`;
  if (/\s/u.test(pattern)) return "a topic pattern has no blanks";
  if (/[{}]/u.test(pattern)) return "a topic pattern has no braces: write * for one segment";
  const mixed = pattern.split(".").find((segment) => segment.includes("*") && segment !== "*");
  return mixed === undefined ? undefined : `"*" stands for one whole segment, found ${JSON.stringify(mixed)}`;
}

/** A matcher for topics that match at least one of the patterns; without patterns every topic matches. */
export function compileTopics(patterns: readonly string[] | undefined): TopicMatcher {
  if (patterns === undefined || patterns.length === 0) return { matches: () => true };
  const exact = new Set<string>();
  const wild: string[][] = [];
  for (const pattern of patterns) {
    const folded = pattern.toLowerCase();
    if (folded.includes("*")) wild.push(folded.split("."));
    else exact.add(folded);
  }
  return {
    matches(topic) {
      const folded = topic.toLowerCase();
      if (exact.has(folded)) return true;
      if (wild.length === 0) return false;
      const segments = folded.split(".");
      return wild.some((pattern) => isMatch(pattern, segments));
    },
  };
}

function isMatch(pattern: readonly string[], segments: readonly string[]): boolean {
  return (
    pattern.length === segments.length && pattern.every((wanted, index) => wanted === "*" || wanted === segments[index])
  );
}
