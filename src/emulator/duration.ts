/** Lengths of time as people write them: `500ms`, `20s`, `5m`, `2h`, `1d`, or a bare number of milliseconds. */

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const TEXT = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/u;

/** Milliseconds; `undefined` for what is no length of time. */
export function readDuration(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) && value >= 0 ? value : undefined;
  const [, amount, unit = ""] = (typeof value === "string" ? TEXT.exec(value.trim()) : null) ?? [];
  return amount === undefined ? undefined : Number(amount) * (UNITS[unit] ?? 0);
}
