/**
 * The disk's side of the store: takes groups, writes them in order, tells when they are written and when they are durable,
 * and gets over what a disk can do.
 *
 * ```
 *   groups ─► queue ─► apply ─► written ─► flush (beside the next apply) ─► durable
 *               ▲        │ no room: the ballast is given up, once more
 *               │        │ error: tell, close, open again, copy the log back
 *               └────────┴── all that is not durable is written once more
 * ```
 * D1  A group leaves here only when it is durable. After a failed flush nobody can say what the disk has: the file is opened
 *     anew (SQLite then reads its log back and checks each frame), the log is copied back, and every group that is not known
 *     to be durable is written again. Groups say what is, not what changes, so twice is as good as once.
 * D2  Low on room, the main thread is told to take nothing new; ends of envelopes are still written, into the reserve and
 *     then the ballast. When there is room again the ballast is made anew, then the all-clear is given.
 * D3  Nothing here waits by itself: while there is trouble, the main thread's clock says when to `tend`.
 */
import { letGo } from "./bytes.ts";
import { Ballast, type DiskPlan, freeBytes } from "./ballast.ts";
import type { Database } from "./database.ts";
import { isFull, toDiskError, wordsOf } from "./disk-error.ts";
import { Mark } from "./mark.ts";
import type { Answers, DiskSettings, FromDisk, Group, Question, ToDisk, Trouble } from "./messages.ts";
import { openDatabase, reopenDatabase } from "./open.ts";
import { PAGE_BYTES } from "./schema.ts";

/** Portions of free pages that are given back at once when room is needed. */
const PORTIONS = 64;
/** Room must be this much more than the reserve before new events are taken again. */
const ROOMY = 1.25;

/** The disk thread without the thread (see the top of this file). */
export class Disk {
  readonly #settings: DiskSettings;
  readonly #post: (message: FromDisk) => void;
  readonly #probe: (name: string) => void;
  #plan: DiskPlan = { ballastBytes: 0, walBytes: 0, reserveBytes: 0 };
  #ballast: Ballast;
  readonly #mark: Mark;
  #database: Database | undefined;
  /** Groups to be written, in order. */
  #queue: Group[] = [];
  /** Written, not known to be durable. */
  #undurable: Group[] = [];
  #written = 0;
  #flushing = false;
  /** The connection is not to be trusted any more. */
  #broken = false;
  #trouble: Trouble | undefined;
  #closing: ((clean: boolean) => void) | undefined;

  constructor(settings: DiskSettings, post: (message: FromDisk) => void, probe: (name: string) => void) {
    this.#settings = settings;
    this.#post = post;
    this.#probe = probe;
    this.#ballast = new Ballast(settings.path, settings.ballastBytes);
    this.#mark = new Mark(settings.path);
  }

  handle(message: ToDisk): void {
    switch (message.kind) {
      case "group":
        this.#queue.push(message.group);
        this.#drain();
        return;
      case "tend":
        this.#tend();
        return;
      case "question":
        this.#answer(message.id, message.question);
        return;
    }
  }

  #answer(id: number, question: Question): void {
    try {
      if (question.ask === "close") {
        this.#close((clean) => this.#post({ kind: "answer", id, answer: { clean } }));
        return;
      }
      this.#post({ kind: "answer", id, answer: this.#look(question) });
    } catch (error) {
      this.#post({ kind: "refusal", id, error: toDiskError(error) });
    }
  }

  #look(question: Exclude<Question, { ask: "close" }>): Answers[keyof Answers] {
    if (question.ask === "open") return this.#openFile(question.sinks, question.now);
    const database = this.#database;
    if (database === undefined || this.#broken) throw new Error(this.#trouble?.cause ?? "the database is not open");
    switch (question.ask) {
      case "load":
        return database.load(question.after, question.moved);
      case "load-ids":
        return database.loadIds(question.after);
      case "load-states":
        return database.loadStates(question.afterSeq, question.afterSink);
      case "read":
        return question.blocks.map((block) => database.read(block, question.facts));
      case "load-kept":
        return database.history.kept();
      case "history":
        return database.history.list(question.key, question.before, question.limit);
      case "ledger":
        return database.ledger.read(question.after, question.limit);
    }
  }

  #openFile(sinks: readonly string[], now: number): Answers["open"] {
    const { database, opened } = this.#openWithRoom(sinks, now);
    this.#database = database;
    this.#written = opened.lastGroup;
    this.#watchRoom();
    return opened;
  }

  /** A file is opened on a full disk too: what waits in it is to be delivered, and makes room. */
  #openWithRoom(sinks: readonly string[], now: number): ReturnType<typeof openDatabase> {
    const settingsFor = (plan: DiskPlan) => {
      this.#plan = plan;
      this.#ballast = new Ballast(this.#settings.path, plan.ballastBytes);
      return { walBytes: plan.walBytes, probe: this.#probe };
    };
    const open = () => openDatabase(this.#settings, now, sinks, settingsFor, this.#mark);
    try {
      return open();
    } catch (error) {
      if (!isFull(error) || !this.#ballast.stands) throw error;
      this.#ballast.release();
      return open();
    }
  }

  // Groups ----------------------------------------------------------------------------------------------------------

  #drain(): void {
    while (!this.#broken && this.#queue.length > 0) {
      const database = this.#database;
      const group = this.#queue[0];
      if (database === undefined || group === undefined) return;
      if (!this.#apply(database, group)) return;
      this.#queue.shift();
      this.#undurable.push(group);
      this.#written = group.n;
      this.#post({ kind: "written", n: group.n });
      this.#afterGroup(database);
    }
  }

  /** Whether it is written now. */
  #apply(database: Database, group: Group): boolean {
    try {
      database.apply(group);
      return true;
    } catch (error) {
      if (!isFull(error)) {
        this.#break(error);
        return false;
      }
      const givenUp = this.#ballast.stands;
      this.#ballast.release();
      this.#tell({ kind: "full", cause: wordsOf(error) });
      return givenUp && this.#apply(database, group);
    }
  }

  #afterGroup(database: Database): void {
    try {
      database.tidy();
    } catch (error) {
      // A log that can't be copied back for want of room stays until there is some.
      if (isFull(error)) this.#tell({ kind: "full", cause: wordsOf(error) });
      else this.#break(error);
    }
    this.#watchRoom();
    this.#flush();
  }

  #flush(): void {
    const n = this.#written;
    const database = this.#database;
    if (this.#settings.sync === "process") {
      this.#isDurable(n);
      return;
    }
    if (this.#flushing || this.#broken || database === undefined || this.#undurable.length === 0) return;
    this.#flushing = true;
    database.flush((error) => {
      this.#flushing = false;
      if (error !== null) this.#break(error);
      else {
        this.#probe("after-sync");
        this.#isDurable(n);
      }
      this.#flush();
      this.#finish();
    });
  }

  #isDurable(n: number): void {
    while ((this.#undurable[0]?.n ?? Infinity) <= n) letGoOf(this.#undurable.shift());
    this.#mark.write(n);
    this.#probe("before-answer");
    this.#post({ kind: "durable", n });
    if (this.#trouble?.kind === "failing" && !this.#broken && this.#queue.length === 0) this.#tell(undefined);
  }

  // Trouble ---------------------------------------------------------------------------------------------------------

  #break(error: unknown): void {
    this.#broken = true;
    try {
      this.#database?.distrust();
    } catch {
      // It is tried again before the file is closed.
    }
    this.#tell({ kind: "failing", cause: wordsOf(error) });
  }

  #tell(trouble: Trouble | undefined): void {
    const same = trouble?.kind === this.#trouble?.kind && trouble?.cause === this.#trouble?.cause;
    this.#trouble = trouble;
    if (!same) this.#post({ kind: "trouble", trouble });
  }

  /** D2. */
  #watchRoom(): void {
    if (this.#trouble !== undefined) return;
    const free = freeBytes(this.#settings.path);
    if (free < this.#plan.reserveBytes) this.#tell({ kind: "full", cause: `${free} bytes are free on the disk` });
    else if (!this.#ballast.stands) this.#makeBallast();
  }

  #makeBallast(): boolean {
    try {
      this.#probe("ballast");
      this.#ballast.make();
      return true;
    } catch (error) {
      this.#tell({ kind: "full", cause: wordsOf(error) });
      return false;
    }
  }

  #tend(): void {
    if (this.#broken && !this.#flushing) this.#openAgain();
    this.#drain();
    this.#flush();
    if (this.#trouble?.kind === "full") this.#seekRoom();
    if (this.#trouble?.kind === "failing" && !this.#broken && this.#queue.length + this.#undurable.length === 0) {
      this.#tell(undefined);
    }
    this.#finish();
  }

  /** D1. */
  #openAgain(): void {
    try {
      this.#database?.close(false);
      this.#database = reopenDatabase(this.#settings.path, { walBytes: this.#plan.walBytes, probe: this.#probe });
      this.#queue = [...this.#undurable, ...this.#queue];
      this.#undurable = [];
      this.#broken = false;
    } catch (error) {
      this.#tell({ kind: "failing", cause: wordsOf(error) });
    }
  }

  /** D2: gives back what the database does not need, and looks whether that and others' leaving is enough. */
  #seekRoom(): void {
    const database = this.#database;
    if (database === undefined || this.#broken || this.#queue.length > 0) return;
    try {
      this.#giveBack(database);
    } catch (error) {
      if (!isFull(error)) this.#break(error);
      return;
    }
    const missing = this.#ballast.stands ? 0 : this.#plan.ballastBytes;
    if (freeBytes(this.#settings.path) < this.#plan.reserveBytes * ROOMY + missing) return;
    if (this.#makeBallast()) this.#tell(undefined);
  }

  /** In portions, each copied back before the next: moving pages fills the log, which needs room itself. */
  #giveBack(database: Database): void {
    const pages = Math.max(1, Math.floor(this.#plan.walBytes / PAGE_BYTES / 2));
    for (let portion = 0; portion < PORTIONS && database.freePages > 0; portion += 1) {
      database.giveBack(pages);
      database.checkpoint();
    }
    database.checkpoint();
  }

  // The end ---------------------------------------------------------------------------------------------------------

  #close(done: (clean: boolean) => void): void {
    this.#closing = done;
    this.#tend();
  }

  /** Closes when all is durable, or when the disk takes no more. */
  #finish(): void {
    const done = this.#closing;
    if (done === undefined || this.#flushing) return;
    const settled = this.#queue.length + this.#undurable.length === 0 && !this.#broken;
    this.#closing = undefined;
    let clean = settled;
    try {
      this.#database?.close(settled);
    } catch {
      clean = false;
    }
    this.#database = undefined;
    this.#mark.close();
    done(clean);
  }
}

function letGoOf(group: Group | undefined): void {
  for (const { facts, contents } of group?.blocks ?? []) {
    letGo(facts);
    letGo(contents);
  }
}
