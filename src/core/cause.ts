/**
 * The one line that says why a delivery failed. It goes into dead letters, logs, terminals and web pages, and its text is
 * often foreign (a receiver's or a library's words), so it is made harmless here, once.
 */

/** Longest cause, in UTF-16 units. */
const MAX_LENGTH = 500;
/** Control and format characters (terminal escapes, bidi overrides), lone surrogates, and every kind of line break or space. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\s]+/gu;
/** User-info, query and fragment of anything that looks like a URL: that is where credentials travel. */
const URL_SECRETS = /([a-z][a-z0-9+.-]{1,30}:\/\/)(?:[^\s/?#@]*@)?([^\s?#"'<>)]*)(?:[?#][^\s"'<>)]*)?/giu;

/** A text as one harmless line of at most 500 characters. */
export function oneLine(text: string): string {
  // Cut before and after: an endless text must not cost the expressions their time.
  const plain = text
    .slice(0, MAX_LENGTH * 4)
    .replace(UNPRINTABLE, " ")
    .replace(URL_SECRETS, "$1$2")
    .trim();
  return plain.length > MAX_LENGTH ? `${plain.slice(0, MAX_LENGTH - 1)}…` : plain;
}

/** What was thrown, as one harmless line; total, whatever was thrown. */
export function causeOf(thrown: unknown): string {
  const text = oneLine(describe(thrown));
  return text === "" ? "failed without a reason" : text;
}

function describe(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return thrown.message === "" ? thrown.name : thrown.message;
    return typeof thrown === "string" ? thrown : `threw ${typeof thrown}: ${String(thrown)}`;
  } catch {
    return "threw something that can't be shown";
  }
}

/** Words of everyday length, and nothing that could be an id, a token or an address. */
const PLAIN_WORDS = /^[a-z]{1,15}(?:[ ,.:;'()]{1,3}[a-z]{1,15}){0,20}[.!]?$/iu;
/** What this package says itself of a frame that was too long. */
const OWN_WORDS = /^a frame was longer than maxFrameBytes \(\d+\)$/u;

/** What the other side said, where it is a few plain words; else "": what is not plain may be a secret. */
export function plainWords(text: string): string {
  const line = oneLine(text);
  return OWN_WORDS.test(line) || (line.length <= 120 && PLAIN_WORDS.test(line)) ? line : "";
}
