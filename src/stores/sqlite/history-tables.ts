/**
 * The history (`keep`): envelopes that are over stay in their blocks for a while, and how they ended stands in `ended`.
 *
 * It is looked through from the newest on; of one key as far back as there is anything, within a bound of blocks.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { SettledEnd, SettledEnvelope } from "../../ports/store.ts";
import type { EndLine, Group, KeptBlock } from "./messages.ts";
import { type Content, decodeContents, decodeFacts, type EnvelopeFacts } from "./records.ts";

/** A question looks through so many blocks at most, so that the disk thread has its hands free again soon. */
const MAX_BLOCKS = 4_000;

/** Settled envelopes on disk (see the top of this file). */
export class HistoryTables {
  readonly #append: StatementSync;
  readonly #forget: StatementSync;
  readonly #forgetAll: StatementSync;
  readonly #kept: StatementSync;
  readonly #blocks: StatementSync;
  readonly #contents: StatementSync;
  readonly #ends: StatementSync;

  constructor(db: DatabaseSync) {
    this.#append = db.prepare("INSERT OR REPLACE INTO ended VALUES (?, ?, ?)");
    this.#forget = db.prepare(
      "DELETE FROM ended WHERE n < (SELECT n FROM ended WHERE last_seq >= ? ORDER BY n LIMIT 1)",
    );
    this.#forgetAll = db.prepare("DELETE FROM ended");
    this.#kept = db.prepare(
      "SELECT block, first, content_bytes, ended_at FROM block WHERE ended_at IS NOT NULL ORDER BY ended_at, block",
    );
    this.#blocks = db.prepare(
      "SELECT block, facts, gone FROM block WHERE gone IS NOT NULL AND first < ? ORDER BY block DESC LIMIT ?",
    );
    this.#contents = db.prepare("SELECT contents FROM content WHERE block = ?");
    this.#ends = db.prepare("SELECT lines FROM ended WHERE last_seq >= ? ORDER BY n");
  }

  append(group: Group): void {
    if (group.ends.length > 0) {
      const last = group.ends.reduce((most, { seq }) => Math.max(most, seq), 0);
      this.#append.run(group.n, last, JSON.stringify(group.ends));
    }
    if (group.endsFrom === Number.MAX_SAFE_INTEGER) this.#forgetAll.run();
    else this.#forget.run(group.endsFrom);
  }

  /** Blocks of which all is over, the first to go first. */
  kept(): KeptBlock[] {
    return this.#kept.all().map((row) => ({
      block: Number(row["block"]),
      first: Number(row["first"]),
      bytes: Number(row["content_bytes"]),
      endedAt: Number(row["ended_at"]),
    }));
  }

  list(key: string | undefined, before: number, limit: number): SettledEnvelope[] {
    const found: { facts: EnvelopeFacts; content: Content }[] = [];
    for (const { block, facts, gone } of this.#blocks.iterate(before, MAX_BLOCKS)) {
      if (!(facts instanceof Uint8Array) || !(gone instanceof Uint8Array)) continue;
      const over = (decodeFacts(facts) ?? []).filter((one, place) => {
        return isMarked(gone, place) && one.seq < before && (key === undefined || one.key === key);
      });
      if (over.length === 0) continue;
      const contents = this.#contentsOf(Number(block));
      for (const one of over.toReversed()) {
        const content = contents.get(one.seq);
        if (content !== undefined) found.push({ facts: one, content });
      }
      if (found.length >= limit) break;
    }
    const listed = found.toSorted((a, b) => b.facts.seq - a.facts.seq).slice(0, limit);
    const ends = this.#endsOf(new Set(listed.map(({ facts }) => facts.seq)));
    return listed.map(({ facts, content }) => toSettled(facts, content, ends.get(facts.seq) ?? []));
  }

  #contentsOf(block: number): ReturnType<typeof decodeContents> {
    const contents = this.#contents.get(block)?.["contents"];
    return decodeContents(contents instanceof Uint8Array ? contents : new Uint8Array(0));
  }

  #endsOf(seqs: ReadonlySet<number>): Map<number, SettledEnd[]> {
    const ends = new Map<number, SettledEnd[]>();
    if (seqs.size === 0) return ends;
    for (const { lines } of this.#ends.iterate(Math.min(...seqs))) {
      for (const { seq, ...end } of JSON.parse(String(lines)) as EndLine[]) {
        if (!seqs.has(seq)) continue;
        const there = ends.get(seq);
        if (there === undefined) ends.set(seq, [end]);
        else there.push(end);
      }
    }
    return ends;
  }
}

function isMarked(bits: Uint8Array, place: number): boolean {
  return ((bits[place >> 3] ?? 0) & (1 << (place & 7))) !== 0;
}

function toSettled(facts: EnvelopeFacts, { id, payload }: Content, ends: readonly SettledEnd[]): SettledEnvelope {
  const { seq, key, admittedAt } = facts;
  return { seq, id, class: facts.class, key, admittedAt, payload, ends };
}
