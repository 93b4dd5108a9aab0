/**
 * The plainest store that survives `kill -9`: every verb is a line in a file, written and then done before the call returns (so
 * verbs take effect in the order of the calls), and a start does all of them again in the reference model. It proves the harness: sound it must pass, and with each of its faults be found
 * out.
 */
import { appendFileSync, closeSync, existsSync, openSync, readFileSync, writeSync } from "node:fs";
import type { ClaimOptions, NewEnvelope, Settlement, Store, StoreConfig, StoreDriver } from "../../src/ports/store.ts";
import { ReferenceModel } from "../../src/testing/reference-model.ts";

/** What may be wrong with it. */
export type JournalFault =
  /** Answers first and writes some milliseconds later. */
  | "late"
  /** Ends of deliveries are not written. */
  | "no-settle"
  /** Claims are not written: a crash does not count. */
  | "no-claim"
  /** Ids are forgotten at a start. */
  | "no-dedup"
  /** A start puts the youngest of each lane first. */
  | "reversed";

type Entry =
  | { readonly v: "begin"; readonly now: number }
  | { readonly v: "admit"; readonly batch: readonly (Omit<NewEnvelope, "payload"> & { readonly payload: string })[]; readonly now: number } // prettier-ignore
  | { readonly v: "claim"; readonly sink: string; readonly options: ClaimOptions; readonly now: number }
  | { readonly v: "settle"; readonly batch: readonly Settlement[]; readonly now: number }
  | { readonly v: "reclaim"; readonly now: number }
  | { readonly v: "end"; readonly how: "crash" | "close" };

/** A journal at a path. */
export function journalStore(path: string, fault?: JournalFault): StoreDriver {
  return { name: "journal", durability: "process", open: async (config, now) => new Journal(path, config, now, fault) };
}

class Journal implements Store {
  readonly #model: ReferenceModel;
  readonly #config: StoreConfig;
  readonly #fault: JournalFault | undefined;
  readonly #path: string;
  readonly #file: number;

  constructor(path: string, config: StoreConfig, now: number, fault: JournalFault | undefined) {
    this.#config = config;
    this.#fault = fault;
    this.#path = path;
    const text = existsSync(path) ? readFileSync(path, "utf8") : `${JSON.stringify({ v: "begin", now })}\n`;
    const entries = text.split("\n").slice(0, -1).map((line) => JSON.parse(line) as Entry); // prettier-ignore
    const [first] = entries;
    // Time never goes back in the model: it begins where the journal did.
    this.#model = new ReferenceModel(config, first?.v === "begin" ? first.now : now);
    for (const entry of entries) this.#replay(entry);
    this.#file = openSync(path, "a");
    if (entries.length === 1) writeSync(this.#file, text);
    // Whether the last life was closed is seen by what it wrote last.
    const last = entries.at(-1);
    if (last?.v !== "begin" && last?.v !== "end") this.#endOfLife("crash");
    if (fault === "no-dedup") this.#forgetIds(now);
    if (fault === "reversed") this.#reverse();
  }

  async admit(batch: readonly NewEnvelope[], now: number): ReturnType<Store["admit"]> {
    const told = batch.map((item) => ({ ...item, payload: Buffer.from(item.payload).toString("base64") }));
    this.#write({ v: "admit", batch: told, now });
    return this.#model.admit(batch, now);
  }

  async claim(sink: string, options: ClaimOptions, now: number): ReturnType<Store["claim"]> {
    if (this.#model.claimable(sink, options.classes).length === 0) return [];
    if (this.#fault !== "no-claim") this.#write({ v: "claim", sink, options, now });
    return this.#model.claim(sink, options, now);
  }

  async settle(batch: readonly Settlement[], now: number): ReturnType<Store["settle"]> {
    if (this.#fault !== "no-settle") this.#write({ v: "settle", batch, now });
    return this.#model.settle(batch, now);
  }

  async extend(tokens: readonly number[], leaseMs: number, now: number): ReturnType<Store["extend"]> {
    return this.#model.extend(tokens, leaseMs, now);
  }

  async reclaim(now: number): ReturnType<Store["reclaim"]> {
    this.#write({ v: "reclaim", now });
    return this.#model.reclaim(now);
  }

  nextDueAt(): number | undefined {
    return this.#model.nextDueAt();
  }

  async stats(now: number): ReturnType<Store["stats"]> {
    const { statsOf } = await import("../support/model-store.ts");
    return statsOf(this.#model, this.#config, now);
  }

  async deadLetters(query: Parameters<Store["deadLetters"]>[0], now: number): ReturnType<Store["deadLetters"]> {
    const letters = query.sink === undefined ? [] : this.#model.deadLetters(query.sink, now);
    return letters.map((letter) => ({ ...letter, payload: new Uint8Array(0) }));
  }

  async redrive(): Promise<never> {
    throw new Error("the journal does not redrive");
  }

  async discard(): Promise<never> {
    throw new Error("the journal does not discard");
  }

  async ledger(): ReturnType<Store["ledger"]> {
    return this.#model.lines.map((line, index) => ({ ...line, n: index + 1 }));
  }

  async close(): Promise<void> {
    this.#endOfLife("close");
    closeSync(this.#file);
  }

  #write(entry: Entry): void {
    const line = `${JSON.stringify(entry)}\n`;
    if (this.#fault === "late") setTimeout(() => appendFileSync(this.#path, line), 40);
    else writeSync(this.#file, line);
  }

  #replay(entry: Entry): void {
    switch (entry.v) {
      case "admit": {
        const batch = entry.batch.map((item) => ({ ...item, payload: new Uint8Array(Buffer.from(item.payload, "base64")) })); // prettier-ignore
        this.#model.admit(batch, entry.now);
        return;
      }
      case "claim":
        this.#model.claim(entry.sink, entry.options, entry.now);
        return;
      case "settle":
        this.#model.settle(entry.batch, entry.now);
        return;
      case "reclaim":
        this.#model.reclaim(entry.now);
        return;
      case "begin":
        return;
      case "end":
        this.#model.reopen(entry.how);
    }
  }

  #endOfLife(how: "crash" | "close"): void {
    writeSync(this.#file, `${JSON.stringify({ v: "end", how } satisfies Entry)}\n`);
    this.#model.reopen(how);
  }

  #forgetIds(now: number): void {
    this.#model.reopen("close", { ...this.#config, dedup: { windowMs: 0, maxCount: 0 } });
    this.#model.knownIds(now);
    this.#model.reopen("close", this.#config);
  }

  #reverse(): void {
    const waiting = this.#model.rows.filter(({ place }) => place === "waiting");
    const seqs = waiting.map(({ seq }) => seq).toReversed();
    for (const [index, row] of waiting.entries()) Object.assign(row, { seq: seqs[index] });
  }
}
