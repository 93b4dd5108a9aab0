/**
 * A look at the database's log (`-wal`) before SQLite reads it. SQLite takes all frames up to the first that does not fit its
 * checksum and passes over the rest in silence: right after a torn write, but not when a bit in the middle has flipped.
 *
 * The format is SQLite's ("WAL-format" in its file format document): a header of 32 bytes, then frames of 24 bytes and a
 * page. Checksums run on from frame to frame; the salts tell frames of this log from those of an earlier one.
 */
import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";

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
}

/** Reads a log to its end. */
export function checkLog(path: string): LogReport {
  const none = { present: false, commits: 0, lostCommits: 0 };
  if (!existsSync(path)) return none;
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const header = Buffer.alloc(HEADER_BYTES);
    if (size < HEADER_BYTES || readSync(file, header, 0, HEADER_BYTES, 0) < HEADER_BYTES) return none;
    return readFrames(file, size, header);
  } finally {
    closeSync(file);
  }
}

function readFrames(file: number, size: number, header: Buffer): LogReport {
  const magic = header.readUInt32BE(0);
  const pageBytes = header.readUInt32BE(8);
  const known = (magic & ~1) >>> 0 === MAGIC && pageBytes >= 512 && pageBytes <= 65_536;
  const bigEndian = (magic & 1) === 1;
  const sum: [number, number] = [0, 0];
  addTo(sum, header.subarray(0, 24), bigEndian);
  let fits = known && sum[0] === header.readUInt32BE(24) && sum[1] === header.readUInt32BE(28);
  const frame = Buffer.alloc(FRAME_BYTES + (known ? pageBytes : 4_096));
  let commits = 0;
  let lostCommits = 0;
  for (let at = HEADER_BYTES; at + frame.length <= size; at += frame.length) {
    if (readSync(file, frame, 0, frame.length, at) < frame.length) break;
    // Frames of an earlier log: what comes is not of this one.
    if (!frame.subarray(8, 16).equals(header.subarray(16, 24))) break;
    const isCommit = frame.readUInt32BE(4) !== 0;
    if (fits) {
      addTo(sum, frame.subarray(0, 8), bigEndian);
      addTo(sum, frame.subarray(FRAME_BYTES), bigEndian);
      fits = sum[0] === frame.readUInt32BE(16) && sum[1] === frame.readUInt32BE(20);
    }
    if (!isCommit) continue;
    if (fits) commits += 1;
    else lostCommits += 1;
  }
  return { present: true, commits, lostCommits };
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
