/** Figures as the benches print them: the machine, medians, numbers in columns. */
import { availableParallelism, cpus } from "node:os";
import { statfsSync } from "node:fs";

/** One line: processor, Node, and the versions of the peers that take part. */
export function machine(peers: readonly string[] = []): string {
  const cores = `${availableParallelism()} x ${cpus()[0]?.model ?? "unknown processor"}`;
  return [`Node ${process.version}`, cores, `${process.platform} ${process.arch}`, ...peers].join(", ");
}

/** The kind of file system a folder is on: on one in memory, fsync costs nothing and says nothing. */
export function fileSystem(path: string): string {
  const type = statfsSync(path).type;
  return FILE_SYSTEMS.get(type) ?? `file system 0x${type.toString(16)}`;
}

const FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0xef53, "ext4"],
  [0x58465342, "xfs"],
  [0x9123683e, "btrfs"],
  [0x794c7630, "overlayfs"],
  [0x01021994, "tmpfs: in memory, so that these figures say nothing about a disk"],
]);

/** The middle one; of an even number the upper of the two. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which that part of the others lies. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/** A whole number with its thousands parted, right-aligned. */
export function whole(value: number, width = 0): string {
  return Math.round(value).toLocaleString("en").padStart(width);
}

/** Bytes as MB (10^6). */
export function megabytes(bytes: number, width = 0): string {
  return `${whole(bytes / 1e6)} MB`.padStart(width);
}

/** How many times as much. */
export function times(value: number, other: number, width = 0): string {
  return `${(value / other).toFixed(2)}x`.padStart(width);
}
