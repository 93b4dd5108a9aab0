/**
 * A look at the database's log (`-wal`) past SQLite, which takes all frames up to the first that does not fit its checksum and
 * passes over the rest in silence: right after a torn write, but not when a bit in the middle has flipped. And which does
 * not look at checksums at all when it copies the log back.
 *
 * The format is SQLite's ("WAL-format" in its file format document): a header of 32 bytes, then frames of 24 bytes and a
 * page. Checksums run on from frame to frame; the salts tell frames of this log from those of an earlier one.
 */
import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, readSync } from "node:fs";
import { PAGE_BYTES } from "./schema.ts";

const HEADER_BYTES = 32;
const FRAME_BYTES = 24;
const MAGIC = 0x37_7f_06_82;

/** What a log holds. */
export interface LogReport {
  readonly present: boolean;
  /** Commits that SQLite will take. */
  readonly commits: number;
  /** Commits of the same log behind the first frame that does not fit: they are lost. */
  readonly lostCommits: number;
  /** Where the last commit ends that SQLite will take. */
  readonly goodBytes: number;
}

/** Reads a log to its end. */
export function checkLog(path: string): LogReport {
  if (!existsSync(path)) return { present: false, commits: 0, lostCommits: 0, goodBytes: 0 };
  const file = openSync(path, "r");
  try {
    return readFrames(file, fstatSync(file).size);
  } finally {
    closeSync(file);
  }
}

/**
 * Cuts off what SQLite would not take. After a failed flush a connection may believe in frames that are not there any more, and
 * copies them into the database when it is closed: frame by frame, so that half of a commit stands there. Of frames that are
 * cut off it notices that they are missing, and leaves log and database as they are.
 */
export function cutLog(path: string): void {
  if (!existsSync(path)) return;
  const file = openSync(path, "r+");
  try {
    const { size } = fstatSync(file);
    const { goodBytes } = readFrames(file, size);
    if (goodBytes < size) ftruncateSync(file, goodBytes);
  } finally {
    closeSync(file);
  }
}

function readFrames(file: number, size: number): LogReport {
  const header = Buffer.alloc(HEADER_BYTES);
  if (readSync(file, header, 0, HEADER_BYTES, 0) < HEADER_BYTES) {
    return { present: true, commits: 0, lostCommits: 0, goodBytes: 0 };
  }
  const bigEndian = (header.readUInt32BE(0) & 1) === 1;
  const sum: [number, number] = [0, 0];
  const isWhole = headerFits(header, bigEndian, sum);
  const frame = Buffer.alloc(FRAME_BYTES + (isWhole ? header.readUInt32BE(8) : PAGE_BYTES));
  // A header that is damaged does not say which frames are its own: those that are like the first.
  let salts = isWhole ? header.subarray(16, 24) : undefined;
  let fits = isWhole;
  let [commits, lostCommits, goodBytes] = [0, 0, isWhole ? HEADER_BYTES : 0];
  for (let at = HEADER_BYTES; at + frame.length <= size; at += frame.length) {
    if (readSync(file, frame, 0, frame.length, at) < frame.length) break;
    salts ??= Buffer.from(frame.subarray(8, 16));
    const isOfThisLog = frame.subarray(8, 16).equals(salts);
    fits &&= isOfThisLog && frameFits(frame, bigEndian, sum);
    if (!isOfThisLog || frame.readUInt32BE(4) === 0) continue;
    if (fits) [commits, goodBytes] = [commits + 1, at + frame.length];
    else lostCommits += 1;
  }
  return { present: true, commits, lostCommits, goodBytes };
}

function headerFits(header: Buffer, bigEndian: boolean, sum: [number, number]): boolean {
  const pageBytes = header.readUInt32BE(8);
  if ((header.readUInt32BE(0) & ~1) >>> 0 !== MAGIC || pageBytes < 512 || pageBytes > 65_536) return false;
  addTo(sum, header.subarray(0, 24), bigEndian);
  return sum[0] === header.readUInt32BE(24) && sum[1] === header.readUInt32BE(28);
}

function frameFits(frame: Buffer, bigEndian: boolean, sum: [number, number]): boolean {
  addTo(sum, frame.subarray(0, 8), bigEndian);
  addTo(sum, frame.subarray(FRAME_BYTES), bigEndian);
  return sum[0] === frame.readUInt32BE(16) && sum[1] === frame.readUInt32BE(20);
}

function addTo(sum: [number, number], bytes: Buffer, bigEndian: boolean): void {
  let [a, b] = sum;
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    a = (a + (bigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at)) + b) >>> 0;
    b = (b + (bigEndian ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4)) + a) >>> 0;
  }
  sum[0] = a;
  sum[1] = b;
}
