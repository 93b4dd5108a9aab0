/**
 * Pseudonyms: for each text another one of the same kind, always the same within one recording. Whoever lacks the key of the digest can't
 * find the way back, and the key is kept nowhere.
 *
 *  N1  Only the text decides, not where it stands: an id in a topic, in a key and in a body has one pseudonym. Two texts never share one.
 *  N2  The kind stays: UUIDs are UUIDs, telephone numbers have as many digits, addresses have an "@", words are pronounceable words and
 *      as many, times are times.
 *  N3  No word of the text with four or more letters or digits is a word of its pseudonym.
 *  N4  What is made up belongs to nobody: hosts end in `.example`, numbers with a `+` are under the country code 999, which is nobody's.
 */

/** At least 16 bytes, made of a text with a secret key. */
export type KeyedDigest = (text: string) => Uint8Array;

/** The pseudonym of a text. */
export type Pseudonyms = (text: string) => string;

const UUID = /[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/giu;
const ONLY_UUID = new RegExp(`^${UUID.source}$`, "iu");
const SCHEME = /^(?:tel|sips?|mailto):(?=.)/iu;
const EMAIL = /^[^\s@]+@[^\s@]+$/u;
const PHONE = /^\+?[\d\s().-]{5,}$/u;
const URL_START = /^([a-z][a-z\d+.-]*:\/\/)[^/?#]*/iu;
const DATE = /^\d{4}-\d\d-\d\d$/u;
const WORD = /[\p{L}\p{M}\p{N}]+/gu;
const PIECE = /[\p{L}\p{M}\p{N}]+|[^\p{L}\p{M}\p{N}]/gu;
const PLAIN = /^[\u0020-\u007E\t\r\n]$/u;

const CONSONANTS = "bdfgklmnprstvz";
const VOWELS = "aeiou";
const LETTERS = "abcdefghijklmnopqrstuvwxyz";
/** Texts remembered; beyond that a text is worked out anew each time, and two could share a pseudonym. */
const MAX_KNOWN = 200_000;
const MAX_KNOWN_LENGTH = 300;
const MAX_TRIES = 200;
const LONG_SEED = 100;
/** From here on another try is longer than the one before: of short texts there are too few. */
const GROWING_TRIES = 8;

/** Pseudonyms of one recording. */
export function createPseudonyms(digest: KeyedDigest): Pseudonyms {
  const known = new Map<string, string>();
  const owners = new Map<string, string>();
  const make = (text: string): string => {
    const scheme = SCHEME.exec(text)?.[0];
    if (scheme !== undefined) return scheme + pseudonym(text.slice(scheme.length));
    if (ONLY_UUID.test(text)) return uuidOf(text, digest);
    if (text.search(WORD) < 0) return text;
    const isKept = text.length <= MAX_KNOWN_LENGTH && owners.size < MAX_KNOWN;
    for (let attempt = 0; ; attempt += 1) {
      const candidate = draw(text, attempt, digest);
      const isFree =
        candidate !== text &&
        (owners.get(candidate) ?? text) === text &&
        !(PHONE.test(text) && sharesWord(text, candidate));
      if (!isFree && attempt < MAX_TRIES) continue;
      if (isKept) owners.set(candidate, text);
      return candidate;
    }
  };
  const pseudonym = (text: string): string => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const made = make(text);
    if (text.length <= MAX_KNOWN_LENGTH) {
      if (known.size >= MAX_KNOWN) known.clear();
      known.set(text, made);
    }
    return made;
  };
  return pseudonym;
}

/** The UUID that stands for this one; letters of the same case. */
function uuidOf(uuid: string, digest: KeyedDigest): string {
  const lower = uuid.toLowerCase();
  const groups = new Set(lower.split("-"));
  for (let attempt = 0; ; attempt += 1) {
    const made = drawnUuid(attempt === 0 ? `uuid ${lower}` : `uuid ${attempt} ${lower}`, digest);
    // N3: one in some thousands has a group of the original.
    if (made.split("-").some((group) => groups.has(group)) && attempt < MAX_TRIES) continue;
    return uuid === lower ? made : made.toUpperCase();
  }
}

function drawnUuid(seed: string, digest: KeyedDigest): string {
  const bytes = digest(seed).slice(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = hexOf(bytes);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Chance that a text and the key decide. */
class Lot {
  readonly #seed: string;
  readonly #digest: KeyedDigest;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #block = 0;

  constructor(seed: string, digest: KeyedDigest) {
    // A long text is read once, not for each block that is drawn.
    this.#seed = seed.length <= LONG_SEED ? seed : hexOf(digest(`long ${seed}`));
    this.#digest = digest;
  }

  below(limit: number): number {
    if (this.#at + 2 > this.#bytes.length) {
      this.#bytes = this.#digest(`${this.#block} ${this.#seed}`);
      this.#block += 1;
      this.#at = 0;
    }
    const value = ((this.#bytes[this.#at] ?? 0) << 8) | (this.#bytes[this.#at + 1] ?? 0);
    this.#at += 2;
    return value % limit;
  }

  of(alphabet: string): string {
    return alphabet.charAt(this.below(alphabet.length));
  }
}

function draw(text: string, attempt: number, digest: KeyedDigest): string {
  const isPhone = PHONE.test(text);
  // N1: one number is one number, however it is laid out.
  const seed = isPhone ? `phone ${text.replace(/[^\d]/gu, "")}` : text;
  const lot = new Lot(`${attempt} ${seed}`, digest);
  const taboo = wordsOf(text);
  const tail = attempt < GROWING_TRIES ? "" : ` ${word(3 + attempt - GROWING_TRIES, lot)}`;
  if (DATE.test(text)) return `${date(taboo, lot)}${tail}`;
  if (isPhone) return `${phone(text, lot)}${tail}`;
  if (EMAIL.test(text)) {
    const local = text.slice(0, text.lastIndexOf("@"));
    return `${pieces(local, taboo, lot)}${tail.trim()}@${host(taboo, lot)}`;
  }
  const [start, scheme] = URL_START.exec(text) ?? [];
  if (start !== undefined && scheme !== undefined) {
    return `${scheme}${host(taboo, lot)}${withUuids(text.slice(start.length), taboo, lot, digest)}${tail.trim()}`;
  }
  return withUuids(text, taboo, lot, digest) + tail;
}

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(Array.from(text.matchAll(WORD), ([found]) => found.toLowerCase()).filter((one) => one.length >= 4));
}

/** N3, where a group of digits may be another one of the same number. */
function sharesWord(text: string, candidate: string): boolean {
  const taboo = wordsOf(text);
  return [...wordsOf(candidate)].some((one) => taboo.has(one));
}

/** Ids inside a text are those that they are elsewhere. */
function withUuids(text: string, taboo: ReadonlySet<string>, lot: Lot, digest: KeyedDigest): string {
  let made = "";
  let from = 0;
  for (const { 0: uuid, index } of text.matchAll(UUID)) {
    made += pieces(text.slice(from, index), taboo, lot) + uuidOf(uuid, digest);
    from = index + uuid.length;
  }
  return made + pieces(text.slice(from), taboo, lot);
}

function pieces(text: string, taboo: ReadonlySet<string>, lot: Lot): string {
  let made = "";
  for (const [piece] of text.matchAll(PIECE)) {
    if (/^[\p{L}\p{M}\p{N}]/u.test(piece)) made += another(piece, taboo, lot);
    else made += PLAIN.test(piece) ? piece : "*";
  }
  return made;
}

/** N3. */
function another(piece: string, taboo: ReadonlySet<string>, lot: Lot): string {
  for (let attempt = 0; ; attempt += 1) {
    const made = like(piece, lot);
    if (!taboo.has(made.toLowerCase()) || attempt >= MAX_TRIES) return made;
  }
}

function like(piece: string, lot: Lot): string {
  if (/\p{N}/u.test(piece)) return mixed(piece, lot);
  // The length of a name would narrow it down; that of one or two letters is no name's.
  const length = piece.length < 3 ? piece.length : 4 + lot.below(6);
  const made = word(length, lot);
  if (piece.length > 1 && piece === piece.toUpperCase() && piece !== piece.toLowerCase()) return made.toUpperCase();
  return /^\p{Lu}/u.test(piece) ? made.charAt(0).toUpperCase() + made.slice(1) : made;
}

function word(length: number, lot: Lot): string {
  let made = "";
  for (let place = 0; place < length; place += 1) made += lot.of(place % 2 === 0 ? CONSONANTS : VOWELS);
  return made;
}

/** Ids and codes: digits stay digits, letters stay letters. */
function mixed(piece: string, lot: Lot): string {
  return Array.from(piece, (character) => {
    if (/\p{N}/u.test(character)) return String(lot.below(10));
    const letter = lot.of(LETTERS);
    return /\p{Lu}/u.test(character) ? letter.toUpperCase() : letter;
  }).join("");
}

/** N4. */
function phone(text: string, lot: Lot): string {
  const count = text.replace(/[^\d]/gu, "").length;
  const isWorldwide = text.startsWith("+") && count >= 7;
  let place = 0;
  return text.replace(/\d/gu, (digit) => {
    place += 1;
    // N3: no digit stays, so no group of them does.
    const drawn = String((Number(digit) + 1 + lot.below(9)) % 10);
    return isWorldwide && place <= 3 ? "9" : drawn;
  });
}

function host(taboo: ReadonlySet<string>, lot: Lot): string {
  return `${another("abcdefgh", taboo, lot)}.example`;
}

function date(taboo: ReadonlySet<string>, lot: Lot): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  let year = String(1900 + lot.below(200));
  while (taboo.has(year)) year = String(1900 + lot.below(200));
  return `${year}-${two(1 + lot.below(12))}-${two(1 + lot.below(28))}`;
}
