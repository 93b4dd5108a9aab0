/**
 * The emulator of the bench, alone in its process: told its options, it listens, and tells its processor time and memory whenever
 * the parent asks.
 */
import { createEmulator, type EmulatorOptions } from "../../src/emulator/index.ts";

/** What the emulator's process tells first. */
export interface Opened {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly userIds: readonly string[];
  readonly queueIds: readonly string[];
}

/** What it tells when asked. */
export interface Usage {
  /** Of the whole process since its start: its collector and its other threads too. */
  readonly cpuMs: number;
  readonly rssBytes: number;
  /** Events made since the start, whether anybody listens or not. */
  readonly produced: number;
}

const emulator = createEmulator(JSON.parse(process.argv[2] ?? "{}") as EmulatorOptions);
await emulator.listen();
process.on("message", (order: "usage" | "end") => {
  if (order === "end") process.exit();
  const { user, system } = process.cpuUsage();
  const { total } = emulator.ledger({ limit: 1 });
  process.send?.({ cpuMs: (user + system) / 1_000, rssBytes: process.memoryUsage.rss(), produced: total });
});
process.on("disconnect", () => process.exit());
const { url, clientId, clientSecret, directory } = emulator;
const ids = (list: readonly { readonly id: string }[]): string[] => list.map(({ id }) => id);
const opened: Opened = {
  url,
  clientId,
  clientSecret,
  userIds: ids(directory.users),
  queueIds: ids(directory.queues),
};
process.send?.(opened);
