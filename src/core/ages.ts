/**
 * The oldest waiting entry of each class, for reports. Entries of a class are linked in the order of their admission, from
 * admission to end: those in flight stay in, so that being handed over and put back costs nothing here.
 *
 * ```
 *   oldest -> [in flight] <-> [waiting] <-> [waiting] <- youngest       the oldest waiting: past those in flight
 * ```
 *
 * A redriven one belongs in the middle; those few are sorted by seq beside the list.
 */
import type { EntryRows } from "./entry-rows.ts";
import { IN_FLIGHT, REDRIVEN } from "./entry-rows.ts";
import { NONE, SortedRuns } from "./sorted-runs.ts";

/** Entries of one sink by own class and age. */
export class Ages {
  readonly #rows: EntryRows;
  readonly #oldest: number[];
  readonly #youngest: number[];
  /** Waiting redriven entries, by rank and seq. */
  readonly #redriven = new SortedRuns();

  constructor(rows: EntryRows, ranks: number) {
    this.#rows = rows;
    this.#oldest = Array.from({ length: ranks }, () => NONE);
    this.#youngest = Array.from({ length: ranks }, () => NONE);
  }

  /** Adds the youngest of its class. */
  append(entry: number): void {
    const rank = this.#rows.rank(entry);
    const before = this.#youngest[rank]!;
    this.#rows.setOlder(entry, before);
    this.#rows.setYounger(entry, NONE);
    if (before === NONE) this.#oldest[rank] = entry;
    else this.#rows.setYounger(before, entry);
    this.#youngest[rank] = entry;
  }

  /** Adds one that came back from the dead letters, waiting. */
  addRedriven(entry: number): void {
    this.#rows.mark(entry, REDRIVEN);
    this.putBack(entry);
  }

  handedOver(entry: number): void {
    this.#rows.mark(entry, IN_FLIGHT);
    if (this.#rows.has(entry, REDRIVEN)) this.#redriven.remove(entry);
  }

  /** It waits again. */
  putBack(entry: number): void {
    const rows = this.#rows;
    rows.unmark(entry, IN_FLIGHT);
    if (rows.has(entry, REDRIVEN)) this.#redriven.put(rows.rank(entry), entry, rows.seq(entry));
  }

  /** Takes out an entry that has ended. */
  remove(entry: number): void {
    const rows = this.#rows;
    if (rows.has(entry, REDRIVEN)) {
      this.#redriven.remove(entry);
      return;
    }
    const older = rows.older(entry);
    const younger = rows.younger(entry);
    if (older === NONE) this.#oldest[rows.rank(entry)] = younger;
    else rows.setYounger(older, younger);
    if (younger === NONE) this.#youngest[rows.rank(entry)] = older;
    else rows.setOlder(younger, older);
  }

  /** Admission of the oldest waiting entry of a rank, undefined when none waits. */
  oldestAdmittedAt(rank: number): number | undefined {
    const rows = this.#rows;
    let entry = this.#oldest[rank]!;
    while (entry !== NONE && rows.has(entry, IN_FLIGHT)) entry = rows.younger(entry);
    const redriven = this.#redriven.first(rank);
    if (redriven !== NONE && (entry === NONE || rows.seq(redriven) < rows.seq(entry))) entry = redriven;
    return entry === NONE ? undefined : rows.admittedAt(entry);
  }
}
