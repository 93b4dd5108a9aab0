/** Amounts of bytes as people write and read them. */
import { InvalidArgumentError } from "commander";

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};
const SIZE = /^(\d+(?:\.\d+)?)\s*(kb|mb|gb|kib|mib|gib|)b?$/iu;

/** `500kB`, `100MB`, `2GiB`; a bare number is bytes. */
export function sizeBytes(text: string): number {
  const [, amount, unit = ""] = SIZE.exec(text.trim()) ?? [];
  const value = Math.floor(Number(amount) * (UNITS[unit.toLowerCase()] ?? Number.NaN));
  if (value > 0 && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError("An amount of bytes is allowed: 500kB, 100MB, 2GiB.");
}

/** `812 B`, `3.4 kB`, `120 MB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`;
  const [divisor, unit] = bytes < 1e6 ? [1e3, "kB"] : bytes < 1e9 ? [1e6, "MB"] : [1e9, "GB"];
  const value = bytes / divisor;
  return `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`;
}
