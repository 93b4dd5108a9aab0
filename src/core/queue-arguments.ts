/** Names of sinks and classes, and the checks of arguments: each error says what was found and what is allowed. */
import { RingfirstError } from "../errors.ts";
import type { NewEnvelope, Settlement } from "./queue-verbs.ts";
import type { PriorityClass } from "./rule.ts";
import { MAX_RANKS } from "./standing.ts";

/** The names that a work queue was opened with. */
export class QueueNames {
  /** By rank. */
  readonly classNames: readonly string[];
  readonly #sinkNames: readonly string[];
  readonly #ranks: ReadonlyMap<string, number>;
  readonly #sinks: ReadonlyMap<string, number>;
  readonly #removed: ReadonlySet<string>;
  /** The name asked for last, and its index: most batches are for one sink. */
  #lastSink = "";
  #lastIndex = -1;

  constructor(
    classes: readonly PriorityClass[],
    sinks: readonly { readonly name: string; readonly removed?: boolean }[],
  ) {
    if (classes.length === 0 || classes.length > MAX_RANKS) {
      throw wrong("classes", `1 to ${MAX_RANKS} classes`, String(classes.length));
    }
    this.classNames = classes.map((entry) => entry.name);
    this.#sinkNames = sinks.map((sink) => sink.name);
    this.#ranks = new Map(this.classNames.map((name, rank) => [name, rank]));
    this.#sinks = new Map(this.#sinkNames.map((name, index) => [name, index]));
    this.#removed = new Set(sinks.filter(({ removed }) => removed === true).map(({ name }) => name));
  }

  className(rank: number): string {
    return this.classNames[rank]!;
  }

  sinkName(index: number): string {
    return this.#sinkNames[index]!;
  }

  /** @throws RingfirstError `RF_QUEUE_ARGUMENT` */
  sink(name: string): number {
    if (name === this.#lastSink && this.#lastIndex >= 0) return this.#lastIndex;
    const index = this.#sinks.get(name);
    if (index === undefined) throw wrong("sink", listed(this.#sinkNames), show(name));
    this.#lastSink = name;
    this.#lastIndex = index;
    return index;
  }

  isSink(name: string): boolean {
    return this.#sinks.has(name);
  }

  /** Whether the sink is configured, not one that only left something behind. */
  isServed(name: string): boolean {
    return this.#sinks.has(name) && !this.#removed.has(name);
  }

  /** A sink that takes envelopes and hands them over. @throws RingfirstError `RF_QUEUE_ARGUMENT` */
  servedSink(name: string): number {
    if (this.#removed.size > 0 && this.#removed.has(name)) {
      throw wrong(
        "sink",
        listed(this.#sinkNames.filter((one) => this.isServed(one))),
        `${show(name)}, which is removed`,
      );
    }
    return this.sink(name);
  }

  /** The rank of a class, the last for one that is no longer configured. */
  rankOrLast(name: string): number {
    return this.#ranks.get(name) ?? this.classNames.length - 1;
  }

  /** @throws RingfirstError `RF_QUEUE_ARGUMENT` */
  rank(name: string): number {
    const rank = this.#ranks.get(name);
    if (rank === undefined) throw wrong("class", listed(this.classNames), show(name));
    return rank;
  }

  /** By rank: whether the class is named. @throws RingfirstError `RF_QUEUE_ARGUMENT` */
  allowedRanks(names: readonly string[]): boolean[] {
    const allowed = this.classNames.map(() => false);
    for (const name of names) allowed[this.rank(name)] = true;
    return allowed;
  }

  /** Answers the rank of its class. @throws RingfirstError `RF_QUEUE_ARGUMENT` */
  checkItem(item: NewEnvelope<unknown>): number {
    const rank = this.rank(item.class);
    for (const name of item.sinks) this.servedSink(name);
    if (item.expiresAt !== undefined && !(item.expiresAt >= -Infinity)) {
      throw wrong("expiresAt", "an instant in epoch milliseconds", show(item.expiresAt));
    }
    return rank;
  }

  /** @throws RingfirstError `RF_QUEUE_ARGUMENT` */
  checkEnd(end: Settlement): void {
    if (end.result !== "retry") return;
    if (!(end.delayMs >= 0 && end.delayMs < Infinity)) {
      throw wrong("delayMs", "a number of milliseconds, 0 or more", show(end.delayMs));
    }
  }
}

/** @throws RingfirstError `RF_QUEUE_ARGUMENT` */
export function requirePositive(name: string, value: number): void {
  if (!(value > 0)) throw wrong(name, "a number above 0", show(value));
}

function wrong(name: string, allowed: string, found: string): RingfirstError {
  return new RingfirstError("RF_QUEUE_ARGUMENT", `${name}: ${allowed} expected, found ${found}`, {
    details: { argument: name },
  });
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? "no name at all (none is configured)" : `one of ${names.map(show).join(", ")}`;
}

function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
