/** What the simulation has found and is not mended yet. Such findings are left out, unless `strict` is asked for. Empty is best. */

/** One of them. */
interface KnownFinding {
  readonly fits: RegExp;
  readonly what: string;
}

/** All of them. */
const KNOWN: readonly KnownFinding[] = [
  {
    fits: /^P7 gap \d+ is called repaired, .*\(frames were held back\)$/u,
    what:
      "an event that was held back in a socket while intake was behind, and is read after the gap's end, counts as news of its conversation: " +
      "what happened to it in the gap is not handed on then, and the gap is called repaired",
  },
];

/** Whether a finding is one of these. */
export function isKnown(finding: string): boolean {
  return KNOWN.some(({ fits }) => fits.test(finding));
}
