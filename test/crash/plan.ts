/** What the parent tells a child at its start: one life. */
export interface LifePlan {
  /** Where the store keeps its content. */
  readonly path: string;
  readonly store: "sqlite" | "journal";
  /** A fault of the journal store (`journal-store.ts`); for tests of this harness. */
  readonly fault?: string | undefined;
  readonly seed: number;
  readonly round: number;
  /** How many fresh envelopes to offer. */
  readonly offers: number;
  /** After so many of 100 acknowledged deliveries with a key another event of that key comes at once. */
  readonly followed: number;
  /** Ids whose offers had no answer: to be made again first. */
  readonly again: readonly string[];
  /** Tokens of earlier lives, which must be stale. */
  readonly oldTokens: readonly number[];
  /** A named crash point and at which of its passages to end: `before-commit:3`. */
  readonly crashAt?: string | undefined;
  /** Works everything off, says what the store says of the whole, and closes. */
  readonly finish: boolean;
}
