/** The bounded ledger (Q10): a line for each envelope that ended without a delivery, or was not taken. Nothing ends in silence. */

/** Why an envelope ended without a delivery, or was not taken. */
export type EndReason = "shed" | "refused" | "expired" | "coalesced" | "discarded" | "bound";

/** One line. */
export interface LedgerEntry {
  /** Strictly rising, from 1. */
  readonly n: number;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly sink: string;
  readonly reason: EndReason;
  /** Absent where none was given. */
  readonly seq: number | undefined;
  readonly id: string;
  readonly class: string;
  readonly key: string | undefined;
}

/** The newest lines, in a ring. */
export class Ledger {
  readonly #maxLines: number;
  readonly #lines: LedgerEntry[] = [];
  #written = 0;

  constructor(maxLines: number) {
    this.#maxLines = maxLines;
  }

  write(line: Omit<LedgerEntry, "n">): void {
    this.#written += 1;
    if (this.#maxLines === 0) return;
    this.#lines[(this.#written - 1) % this.#maxLines] = { n: this.#written, ...line };
  }

  /** Lines with `n` above `after`, oldest first. */
  read(after = 0, limit = 100): readonly LedgerEntry[] {
    const oldest = this.#written - Math.min(this.#written, this.#maxLines);
    const found: LedgerEntry[] = [];
    for (let n = Math.max(after, oldest) + 1; n <= this.#written && found.length < limit; n += 1) {
      found.push(this.#lines[(n - 1) % this.#maxLines]!);
    }
    return found;
  }
}
