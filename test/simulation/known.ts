/** What the simulation has found and is not mended yet. Such findings are left out, unless `strict` is asked for. Empty is best. */

/** One of them. */
interface KnownFinding {
  readonly fits: RegExp;
  readonly what: string;
}

/** All of them. */
const KNOWN: readonly KnownFinding[] = [
  {
    fits: /^P7 .*\(nothing was read then\)$/u,
    what:
      "a frame counts as a sign of life when it is read. After the process stood still, or was held back, frames are read that " +
      "came long before; when the link had died meanwhile, its gap begins too late",
  },
  {
    fits: /^P11 \d+ calls of kind takeback /u,
    what: "a second owner of a channel is answered by taking the channel back again and again",
  },
];

/** Whether a finding is one of these. */
export function isKnown(finding: string): boolean {
  return KNOWN.some(({ fits }) => fits.test(finding));
}
