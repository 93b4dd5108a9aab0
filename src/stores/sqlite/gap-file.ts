/**
 * The gap ledger on disk: a file of JSON lines beside the database, one for each change, and at its end one that says until when
 * the service was there, which is written over itself.
 *
 * - K1  Lines are written in their order, and flushed: a sign of life is never kept without the changes before it.
 * - K2  What can't be written waits; then the file is written anew, whole, and takes the old one's place by its name.
 * - K3  A line that can't be read is left out and counted; the rest counts. Never through a link, never readable for others.
 * - K4  A file that is there and can't be read is not written over. It is read again before each writing; until that works, what is
 *       noted waits, and is kept with what the file held. Whoever starts without us knows by the old sign of life since when.
 */
import { constants } from "node:fs";
import { open, rename } from "node:fs/promises";
import { GAP_STATES, GapBook, type GapChange, type GapRecord } from "../../core/gap.ts";
import type { GapLog, KeptGaps } from "../../ports/gap-log.ts";
import { wordsOf } from "./disk-error.ts";

/** A file that grew beyond this, and is twice what it holds, is written anew. */
const REWRITE_BYTES = 4 * 2 ** 20;
/** A larger file is none of ours. */
const MAX_BYTES = 256 * 2 ** 20;
const READ = constants.O_RDONLY | constants.O_NOFOLLOW;
const MAKE = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;

/** An open file, as far as it is used here. */
export interface OpenGapFile {
  stat(): Promise<{ readonly size: number }>;
  readFile(encoding: "utf8"): Promise<string>;
  write(bytes: Uint8Array, from: number, length: number, position: number): Promise<{ readonly bytesWritten: number }>;
  datasync(): Promise<void>;
  close(): Promise<void>;
}

/** Where files are; tests put a disk of their own in its place. */
export interface GapFiles {
  open(path: string, flags: number, mode?: number): Promise<OpenGapFile>;
  rename(from: string, to: string): Promise<void>;
}

const MACHINE_FILES: GapFiles = { open, rename };

/** A ledger in this file. */
export function createGapFile(path: string, files: GapFiles = MACHINE_FILES): GapLog {
  return new GapFile(path, files);
}

type Line = GapChange | { readonly kind: "total"; readonly n: number };

class GapFile implements GapLog {
  readonly #path: string;
  readonly #files: GapFiles;
  #book = new GapBook();
  #total = 0;
  #aliveAt: number | undefined;
  #file: OpenGapFile | undefined;
  /** Where the sign of life begins. */
  #end = 0;
  #rewrittenBytes = 0;
  #waiting: string[] = [];
  #isDirty = false;
  #writing: Promise<void> | undefined;
  #closed = false;
  #trouble: string | undefined;
  /** K4: who is told of a file that could not be read, once it can be. */
  #late: ((kept: KeptGaps) => void) | undefined;

  constructor(path: string, files: GapFiles) {
    this.#path = path;
    this.#files = files;
  }

  get trouble(): string | undefined {
    if (this.#trouble === undefined || this.#late === undefined)
      return this.#trouble && `the gap ledger can't be kept in ${this.#path}: ${this.#trouble}`;
    const advice = "make it readable, or move it away, and a new one is begun";
    return `the gap ledger in ${this.#path} can't be read, so it is not written over: ${this.#trouble}; ${advice}`;
  }

  async load(late: (kept: KeptGaps) => void = () => undefined): Promise<KeptGaps> {
    try {
      const { kept, book } = readContent(await this.#readText());
      this.#book = book;
      this.#total = kept.total;
      this.#aliveAt = kept.aliveAt;
      return kept;
    } catch (error) {
      const { kept } = readContent("");
      if (isMissing(error)) return kept;
      this.#late = late;
      this.#trouble = wordsOf(error);
      return { ...kept, unread: this.#trouble };
    }
  }

  note(change: GapChange): void {
    this.#book.apply(change);
    this.#waiting.push(lineOf(change));
    this.#next();
  }

  alive(at: number): void {
    // A sign of life that says nothing new is there already, or is on its way; K2: where it could not be written it is tried again.
    if (at === this.#aliveAt && this.#file !== undefined && this.#trouble === undefined) return;
    this.#aliveAt = at;
    this.#next();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#writing;
    await this.#file?.close().catch(() => undefined);
    this.#file = undefined;
  }

  #next(): void {
    this.#isDirty = true;
    if (this.#closed) return;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  async #write(): Promise<void> {
    while (this.#isDirty) {
      this.#isDirty = false;
      const lines = this.#waiting.splice(0);
      try {
        if (this.#late !== undefined) await this.#readLate(this.#late);
        if (this.#file === undefined || this.#end > Math.max(REWRITE_BYTES, 2 * this.#rewrittenBytes))
          await this.#rewrite();
        else await this.#append(this.#file, lines.join(""));
        this.#trouble = undefined;
      } catch (error) {
        // K2: the next change or sign of life tries again. What `lines` said is in the book.
        this.#trouble = wordsOf(error);
        await this.#file?.close().catch(() => undefined);
        this.#file = undefined;
        return;
      }
    }
  }

  /** K4. */
  async #readLate(tell: (kept: KeptGaps) => void): Promise<void> {
    let text: string | undefined;
    try {
      text = await this.#readText();
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    this.#late = undefined;
    // Somebody moved it away.
    if (text === undefined) return;
    const { kept } = readContent(text);
    this.#book.follow(kept);
    this.#total = Math.max(this.#total, kept.total);
    this.#aliveAt ??= kept.aliveAt;
    tell(kept);
  }

  async #append(file: OpenGapFile, text: string): Promise<void> {
    const bytes = Buffer.from(text + this.#signOfLife());
    await writeAll(file, bytes, this.#end);
    this.#end += Buffer.byteLength(text);
    // K1. A sign of life that the power takes along makes the time without us longer, so it is flushed too.
    await file.datasync();
  }

  /** K2. */
  async #rewrite(): Promise<void> {
    const book = this.#book;
    // All of it is in the book.
    this.#waiting = [];
    const lines: string[] = [lineOf({ kind: "total", n: Math.max(this.#total, book.total) })];
    if (book.skipped > 0) lines.push(lineOf({ kind: "skipped", n: book.skipped }));
    lines.push(lineOf({ kind: "started", sources: book.sources }));
    for (const [source, at] of book.looked) lines.push(lineOf({ kind: "looked", source, at }));
    for (const [source, at] of book.whole) lines.push(lineOf({ kind: "whole", source, at }));
    for (const gap of book.list()) lines.push(lineOf({ kind: "opened", gap }));
    const text = lines.join("");
    const next = `${this.#path}-new`;
    const file = await this.#files.open(next, MAKE, 0o600);
    try {
      await writeAll(file, Buffer.from(text + this.#signOfLife()), 0);
      await file.datasync();
      await this.#files.rename(next, this.#path);
    } catch (error) {
      await file.close().catch(() => undefined);
      throw error;
    }
    await this.#file?.close().catch(() => undefined);
    this.#file = file;
    this.#end = Buffer.byteLength(text);
    this.#rewrittenBytes = this.#end;
  }

  async #readText(): Promise<string> {
    const file = await this.#files.open(this.#path, READ);
    try {
      const { size } = await file.stat();
      if (size > MAX_BYTES) throw new Error(`it is larger than ${MAX_BYTES} bytes`);
      return await file.readFile("utf8");
    } finally {
      await file.close();
    }
  }

  /** Always as long, so that it can be written over. */
  #signOfLife(): string {
    return this.#aliveAt === undefined ? "" : `{"kind":"alive","at":${String(this.#aliveAt).padStart(16)}}\n`;
  }
}

function lineOf(line: Line): string {
  return `${JSON.stringify(line)}\n`;
}

async function writeAll(file: OpenGapFile, bytes: Buffer, from: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, from + done);
    if (bytesWritten === 0) throw new Error("nothing can be written");
    done += bytesWritten;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** What a file's text says. */
function readContent(text: string): { readonly kept: KeptGaps; readonly book: GapBook } {
  const book = new GapBook();
  let damaged = 0;
  let total = 0;
  let aliveAt: number | undefined;
  for (const one of text.split("\n")) {
    const line = one === "" ? undefined : readLine(one);
    if (line === undefined) damaged += one === "" ? 0 : 1;
    else if (line.kind === "alive") aliveAt = line.at;
    else if (line.kind === "total") total = line.n;
    else book.apply(line);
  }
  const { sources, skipped } = book;
  const [looked, whole] = [new Map(book.looked), new Map(book.whole)];
  const kept = { gaps: book.list(), skipped, sources, looked, whole, aliveAt, damaged };
  return { kept: { ...kept, total: Math.max(total, book.total) }, book };
}

type ReadLine = Line | { readonly kind: "alive"; readonly at: number };

/** K3. */
function readLine(text: string): ReadLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const { kind, n, at, to, gap, findings, sources } = value;
  switch (kind) {
    case "alive":
      return isNumber(at) ? { kind, at } : undefined;
    case "total":
      return isNumber(n) ? { kind, n } : undefined;
    case "skipped":
    case "withdrawn":
      return isNumber(n) ? { kind, n } : undefined;
    case "ended":
      return isNumber(n) && isNumber(to) ? { kind, n, to } : undefined;
    case "settled":
      return isNumber(n) && areFindings(findings) ? { kind, n, findings } : undefined;
    case "explained":
      return isNumber(n) && typeof value["cause"] === "string" ? { kind, n, cause: value["cause"] } : undefined;
    case "looked":
    case "whole": {
      const { source } = value;
      return typeof source === "string" && isNumber(at) ? { kind, source, at } : undefined;
    }
    case "started":
      return areTexts(sources) ? { kind, sources } : undefined;
    case "opened": {
      const read = readGap(gap);
      return read && { kind, gap: read };
    }
    default:
      return undefined;
  }
}

function readGap(value: unknown): GapRecord | undefined {
  if (!isObject(value)) return undefined;
  const { n, source, topics, topicCount, cause, from, to, atStart, state, findings } = value;
  const known = GAP_STATES.find((one) => one === state);
  if (!isNumber(n) || typeof source !== "string" || !areTexts(topics) || typeof cause !== "string") return undefined;
  if (!isNumber(from) || (to !== undefined && !isNumber(to)) || known === undefined) return undefined;
  if (!areFindings(findings) || !isNumber(topicCount)) return undefined;
  return { n, source, topics, topicCount, cause, from, to, atStart: atStart === true, state: known, findings };
}

function areFindings(value: unknown): value is GapRecord["findings"] {
  const isFinding = (one: unknown): boolean =>
    isObject(one) &&
    areTexts(one["topics"]) &&
    typeof one["why"] === "string" &&
    (one["outcome"] === "repaired" || one["outcome"] === "partly" || one["outcome"] === "unknowable");
  return Array.isArray(value) && value.every(isFinding);
}

function areTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
