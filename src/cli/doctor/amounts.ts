/** Amounts for people. */
import { count } from "../text.ts";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** `640 KiB`, `2 GiB`, `1.5 TiB` */
export function bytes(value: number): string {
  const unit = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, value)) / 10)));
  const amount = value / 1_024 ** unit;
  return `${Number(amount.toFixed(amount < 10 ? 1 : 0))} ${UNITS[unit]}`;
}

/** `1 topic`, `2,000 topics` */
export function howMany(amount: number, thing: string): string {
  return `${count(amount)} ${thing}${amount === 1 ? "" : "s"}`;
}
