/** The ledger (Q10) in the database: lines in JSON, a row a group, the newest kept. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { LedgerEntry } from "../../core/ledger.ts";
import type { Group, PendingLine } from "./messages.ts";
import { decodeContents } from "./records.ts";

/** The id of an envelope that can't be read any more. */
const UNREADABLE = "(unreadable)";

/** Lines on disk (see the top of this file). */
export class LedgerTable {
  readonly #append: StatementSync;
  readonly #forget: StatementSync;
  readonly #read: StatementSync;

  constructor(db: DatabaseSync) {
    this.#append = db.prepare("INSERT OR REPLACE INTO ledger VALUES (?, ?, ?)");
    this.#forget = db.prepare("DELETE FROM ledger WHERE first < (SELECT max(first) FROM ledger WHERE first <= ?)");
    this.#read = db.prepare(
      "SELECT lines FROM ledger WHERE first >= (SELECT ifnull(max(first), 0) FROM ledger WHERE first <= ?) ORDER BY first LIMIT ?",
    );
  }

  /** Writes a group's lines; ids that the main thread did not have at hand are read from their blocks. */
  append(group: Group, contentsOf: (block: number) => Uint8Array | undefined): void {
    if (group.ledger.length === 0) return;
    const { ledgerFrom, ledgerKept } = group;
    const last = ledgerFrom + group.ledger.length - 1;
    const lines = group.ledger.slice(Math.max(0, group.ledger.length - ledgerKept));
    const first = last - lines.length + 1;
    if (lines.length > 0) {
      const found = new Map<number, ReturnType<typeof decodeContents>>();
      const text = lines.map((line, place) => ({ n: first + place, ...complete(line, found, contentsOf) }));
      this.#append.run(first, last, JSON.stringify(text));
    }
    // All rows before the one that has the oldest line that is kept.
    this.#forget.run(last - ledgerKept + 1);
  }

  /** Lines with `n` above `after`, oldest first. */
  read(after: number, limit: number): LedgerEntry[] {
    const found: LedgerEntry[] = [];
    for (const row of this.#read.iterate(after + 1, limit + 1)) {
      for (const line of JSON.parse(String(row["lines"])) as (LedgerEntry & { seq?: number; key?: string })[]) {
        if (line.n > after && found.length < limit) found.push({ ...line, seq: line.seq, key: line.key });
      }
      if (found.length >= limit) break;
    }
    return found;
  }
}

function complete(
  { block, ...line }: PendingLine,
  found: Map<number, ReturnType<typeof decodeContents>>,
  contentsOf: (block: number) => Uint8Array | undefined,
): Omit<LedgerEntry, "n"> {
  if (block === undefined || line.seq === undefined) return line;
  let contents = found.get(block);
  if (contents === undefined) {
    contents = decodeContents(contentsOf(block) ?? new Uint8Array(0));
    found.set(block, contents);
  }
  return { ...line, id: contents.get(line.seq)?.id ?? UNREADABLE };
}
