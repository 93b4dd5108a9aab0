/** What a disk holds of the store, as plain maps: a group applied is a group written. The meaning is that of `stores/sqlite/disk.ts`. */
import type { LedgerEntry } from "../../../src/core/ledger.ts";
import type { Answers, Group, Opened, Question } from "../../../src/stores/sqlite/messages.ts";
import { decodeContents } from "../../../src/stores/sqlite/records.ts";

interface Block {
  readonly moved: boolean;
  readonly first: number;
  readonly facts: Uint8Array;
  readonly contents: Uint8Array;
  gone: Uint8Array | undefined;
  endedAt: number | undefined;
}

type Page<T> = T & { readonly first: number };

interface Entry {
  readonly seq: number;
  readonly sink: number;
  readonly state: Uint8Array;
}

/** Rows of a portion: small, so that a start takes several. */
const PORTION = 20;

/** One image (see the top of this file). */
export class DiskImage {
  #sinks: string[] = [];
  #mark: "new" | "in use" | "closed" = "new";
  #kept = "";
  #lastGroup = 0;
  #flight: Uint8Array | undefined;
  readonly #blocks = new Map<number, Block>();
  readonly #entries = new Map<string, Entry>();
  /** The same by seq and sink, as long as nothing changes. */
  #inOrder: readonly Entry[] | undefined;
  /** In the order of their first numbers, as those of the ledger. */
  readonly #ids: Page<{ readonly ids: Uint8Array }>[] = [];
  readonly #ledger: Page<{ readonly lines: readonly LedgerEntry[] }>[] = [];
  #lastId = 0;
  #lastLine = 0;

  clone(): DiskImage {
    const copy = new DiskImage();
    copy.#sinks = [...this.#sinks];
    copy.#mark = this.#mark;
    copy.#kept = this.#kept;
    copy.#lastGroup = this.#lastGroup;
    copy.#flight = this.#flight;
    for (const [number, block] of this.#blocks) copy.#blocks.set(number, { ...block });
    for (const [name, entry] of this.#entries) copy.#entries.set(name, entry);
    for (const page of this.#ids) copy.#ids.push(page);
    for (const page of this.#ledger) copy.#ledger.push(page);
    copy.#lastId = this.#lastId;
    copy.#lastLine = this.#lastLine;
    return copy;
  }

  get lastGroup(): number {
    return this.#lastGroup;
  }

  open(sinks: readonly string[]): Opened {
    const created = this.#mark === "new";
    const clean = this.#mark !== "in use";
    for (const name of sinks) if (!this.#sinks.includes(name)) this.#sinks.push(name);
    this.#mark = "in use";
    return {
      created,
      clean,
      damage: [],
      sinks: this.#sinks.map((name, place) => [place + 1, name] as const),
      kept: this.#kept,
      flight: this.#flight?.slice(),
      blockCount: [...this.#blocks.values()].filter(({ endedAt }) => endedAt === undefined).length,
      lastBlock: Math.max(0, ...this.#blocks.keys()),
      lastGroup: this.#lastGroup,
      lastId: this.#lastId,
      lastLine: this.#lastLine,
    };
  }

  close(): void {
    this.#mark = "closed";
    this.#flight = undefined;
  }

  answer(question: Exclude<Question, { readonly ask: "open" | "close" }>): Answers[keyof Answers] {
    switch (question.ask) {
      case "load":
        return this.#load(question.after, question.moved);
      case "load-ids":
        return this.#loadIds(question.after);
      case "load-states":
        return this.#loadStates(question.afterSeq, question.afterSink);
      case "read":
        return question.blocks.map((block) => {
          const found = this.#blocks.get(block);
          return { block, contents: found?.contents.slice(), facts: question.facts ? found?.facts.slice() : undefined };
        });
      case "ledger":
        return this.#ledger
          .flatMap(({ lines }) => lines)
          .filter(({ n }) => n > question.after)
          .slice(0, question.limit);
      case "load-kept":
      case "history":
        return [];
    }
  }

  apply(group: Group): void {
    this.#inOrder = undefined;
    this.#appendLedger(group);
    for (const { block, moved, first, facts, contents } of group.blocks) {
      this.#blocks.set(block, { moved, first, facts, contents, gone: undefined, endedAt: undefined });
    }
    for (const { block, bits, endedAt } of group.gone) {
      const found = this.#blocks.get(block);
      if (found !== undefined) Object.assign(found, { gone: bits, endedAt });
    }
    for (const block of group.endedBlocks) this.#blocks.delete(block);
    for (const entry of group.states) this.#entries.set(`${entry.seq}/${entry.sink}`, entry);
    for (const seq of group.endedStates) {
      for (let sink = 1; sink <= this.#sinks.length; sink += 1) this.#entries.delete(`${seq}/${sink}`);
    }
    if (group.flight !== undefined) this.#flight = group.flight;
    if (group.ids !== undefined) {
      this.#ids.push(group.ids);
      this.#lastId = group.ids.first + group.ids.count - 1;
    }
    dropOlder(this.#ids, group.idsFrom);
    this.#kept = group.kept;
    this.#lastGroup = group.n;
  }

  #load(after: number, moved: boolean): Answers["load"] {
    const found: [number, Block][] = [];
    for (const [number, block] of this.#blocks) {
      if (number > after && block.moved === moved && block.endedAt === undefined) found.push([number, block]);
    }
    return found
      .sort(([a], [b]) => a - b)
      .slice(0, PORTION)
      .map(([block, { facts, contents, gone }]) => {
        return { block, facts: facts.slice(), contentBytes: contents.length, gone: gone?.slice() };
      });
  }

  #loadIds(after: number): Answers["load-ids"] {
    const from = placeAfter(this.#ids, after);
    return this.#ids.slice(from, from + PORTION).map(({ first, ids }) => ({ first, ids: ids.slice() }));
  }

  #loadStates(afterSeq: number, afterSink: number): Answers["load-states"] {
    this.#inOrder ??= [...this.#entries.values()].toSorted((a, b) => a.seq - b.seq || a.sink - b.sink);
    return portion(this.#inOrder, ({ seq, sink }) => seq > afterSeq || (seq === afterSeq && sink > afterSink)).map(
      ({ seq, sink, state }) => ({ seq, sink, state: state.slice() }),
    );
  }

  #appendLedger({ ledger, ledgerFrom, ledgerKept }: Group): void {
    if (ledger.length === 0) return;
    const lines = ledger.map(({ block, ...line }, place) => {
      const contents = block === undefined ? undefined : this.#blocks.get(block)?.contents;
      const id =
        contents === undefined || line.seq === undefined ? line.id : decodeContents(contents).get(line.seq)?.id;
      return { ...line, n: ledgerFrom + place, id: id ?? line.id };
    });
    const last = ledgerFrom + ledger.length - 1;
    this.#ledger.push({ first: ledgerFrom, lines });
    this.#lastLine = last;
    dropOlder(this.#ledger, last - ledgerKept + 1);
  }
}

/** A group as the disk thread gets it: bytes of its own. */
export function ownGroup(group: Group): Group {
  return {
    ...group,
    gone: group.gone.map((marks) => ({ ...marks, bits: marks.bits.slice() })),
    states: group.states.map((entry) => ({ ...entry, state: entry.state.slice() })),
    flight: group.flight?.slice(),
    ids: group.ids === undefined ? undefined : { ...group.ids, ids: group.ids.ids.slice() },
  };
}

/** The first of a row of which all fit from one on. */
function portion<T>(all: readonly T[], fits: (one: T) => boolean): T[] {
  const from = all.findIndex(fits);
  return from < 0 ? [] : all.slice(from, from + PORTION);
}

/** Where the first page begins that is behind this number. */
function placeAfter(pages: readonly Page<unknown>[], after: number): number {
  let [low, high] = [0, pages.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (pages[middle]!.first > after) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Pages before the one that has `from` on it are dropped. */
function dropOlder(pages: Page<unknown>[], from: number): void {
  pages.splice(0, Math.max(0, placeAfter(pages, from) - 1));
}
