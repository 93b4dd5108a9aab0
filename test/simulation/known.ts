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
    fits: /^P7 gap \d+ is called repaired, .*\(an answer may be so old\)$/u,
    what:
      "an answer that says what the topic's last event said is believed at once, though answers may be 5 s old: what was missed in the " +
      "last seconds of a gap is not asked for again, and the gap is called repaired",
  },
  {
    fits: /^P7 .*\(its list was lost in silence\)$/u,
    what:
      "when a channel's list is lost in silence, and the channel itself is lost or left before the list is read back, the gap begins at the " +
      "last sign of life of the socket, or there is none; nobody looks whether the list was still there",
  },
  {
    fits: /^P7 gap \d+ is called repaired, .*\(frames were held back\)$/u,
    what:
      "an event that was held back in a socket while intake was behind, and is read after the gap's end, counts as news of its conversation: " +
      "what happened to it in the gap is not handed on then, and the gap is called repaired",
  },
  {
    fits: /^P7 .*\(we emptied the only list\)$/u,
    what:
      "a line with a channel that was made and never connected to, and that comes back to the channel it holds, takes the made one for the joined " +
      "one (`#onJoined`): topics go to a channel without a socket, and the list of the one with the socket is emptied, until it is read back",
  },
  {
    fits: /^P7 .*\(on a dead or slow socket that was let go\)$/u,
    what: "a line that moves while frames take seconds may still let its old socket go before all that was on its way has come, and no gap says so",
  },
];

/** Whether a finding is one of these. */
export function isKnown(finding: string): boolean {
  return KNOWN.some(({ fits }) => fits.test(finding));
}
