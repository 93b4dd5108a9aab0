/**
 * The emulator under load: 10,000 agents, 20,000 events a second wanted, all of them to one socket.
 *
 *     node bench/emulator.ts [events a second] [agents] [rounds]      (default 20,000, 10,000 and 5; a round is ten seconds)
 *
 * Emulator and reader have a process each, and where there is `taskset` a core each. Events are counted at the reader. On a machine
 * that does other things too, processor time is the figure to look at: that of the emulator's process, its collector included.
 */
import { type ChildProcess, fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { EmulatorOptions } from "../src/emulator/index.ts";
import type { Opened, Usage } from "./emulator/centre.ts";
import type { Heard } from "./emulator/reader.ts";
import { machine, median, megabytes, quantile, whole } from "./measure/figures.ts";

const RATE = Number(process.argv[2] ?? 20_000);
const AGENTS = Number(process.argv[3] ?? 10_000);
const QUEUES = Math.max(1, Math.round(AGENTS / 50));
const ROUNDS = Number(process.argv[4] ?? 5);
const ROUND_MS = 10_000;
/** Until the line of conversations is as long as it stays, and the code is compiled. */
const WARM_UP_MS = 15_000;
/** Of users and queues: what a service asks for that wants to know of everybody. */
const USER_TOPICS = "conversations&presence&routingStatus&activity";
const ENTRIES_AT_ONCE = 5_000;

const isPinned = availableParallelism() > 1 && spawnSync("taskset", ["-c", "1", "true"]).status === 0;

interface Round extends Heard {
  readonly cpuMs: number;
  readonly rssBytes: number;
}

/** A module in a process of its own, on a core of its own where that is possible. */
function start(module: string, core: number, args: readonly string[]): ChildProcess {
  const path = fileURLToPath(new URL(module, import.meta.url));
  const pinned = isPinned && { execPath: "taskset", execArgv: ["-c", String(core), process.execPath] };
  const child = fork(path, args, { ...pinned, stdio: ["ignore", "inherit", "inherit", "ipc"] });
  child.once("exit", (code) => {
    if (code !== 0) throw new Error(`${module} ended (${code})`);
  });
  return child;
}

/** The next thing it tells. */
async function hear<Told>(child: ChildProcess): Promise<Told> {
  const [told] = (await once(child, "message")) as [Told];
  return told;
}

async function ask<Told>(child: ChildProcess, question: number | string): Promise<Told> {
  const answer = hear<Told>(child);
  child.send(question);
  return answer;
}

/** Logs in, makes a channel with all topics, and gives its address. */
async function subscribe({ url, clientId, clientSecret, userIds, queueIds }: Opened): Promise<string> {
  const call = async (path: string, init: RequestInit): Promise<Record<string, string>> => {
    const response = await fetch(`${url}${path}`, init);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Record<string, string>;
  };
  const basic = Buffer.from(`${clientId}:${clientSecret}`).toString("base64");
  const form = new URLSearchParams({ grant_type: "client_credentials" });
  const token = await call("/oauth/token", {
    method: "POST",
    headers: { authorization: `Basic ${basic}` },
    body: form,
  });
  const headers = { authorization: `Bearer ${token["access_token"]}`, "content-type": "application/json" };
  const channel = await call("/api/v2/notifications/channels", { method: "POST", headers });
  const entries = [
    ...userIds.map((id) => ({ id: `v2.users.${id}?${USER_TOPICS}` })),
    ...queueIds.map((id) => ({ id: `v2.routing.queues.${id}.conversations` })),
    ...queueIds.map((id) => ({ id: `v2.analytics.queues.${id}.observations` })),
  ];
  for (let from = 0; from < entries.length; from += ENTRIES_AT_ONCE) {
    const body = JSON.stringify(entries.slice(from, from + ENTRIES_AT_ONCE));
    await call(`/api/v2/notifications/channels/${channel["id"]}/subscriptions`, { method: "POST", headers, body });
  }
  return channel["connectUri"] ?? "";
}

async function measure(centre: ChildProcess, reader: ChildProcess): Promise<Round> {
  const before = await ask<Usage>(centre, "usage");
  const heard = await ask<Heard>(reader, ROUND_MS);
  const after = await ask<Usage>(centre, "usage");
  return { ...heard, cpuMs: after.cpuMs - before.cpuMs, rssBytes: after.rssBytes };
}

function print(rounds: readonly Round[]): void {
  const row = (name: string, of: (round: Round) => number, show: (value: number) => string): void => {
    const values = rounds.map(of);
    const [least, most] = [quantile(values, 0), quantile(values, 1)];
    console.log(`  ${name.padEnd(26)} ${show(median(values)).padStart(12)}   (${show(least)} to ${show(most)})`);
  };
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  row(
    "events/s at the reader",
    ({ events, wallMs }) => (events / wallMs) * 1_000,
    (value) => whole(value),
  );
  row(
    "cpu s per 1,000 events",
    ({ events, cpuMs }) => cpuMs / events,
    (value) => value.toFixed(4),
  );
  row(
    "share of a core",
    ({ cpuMs, wallMs }) => cpuMs / wallMs,
    (value) => `${(value * 100).toFixed(0)} %`,
  );
  row(
    "bytes an event",
    ({ bytes, events }) => bytes / events,
    (value) => whole(value),
  );
  row("late, p50", ({ lateMs }) => lateMs.p50, ms);
  row("late, p99", ({ lateMs }) => lateMs.p99, ms);
  row("late, max", ({ lateMs }) => lateMs.max, ms);
  row("longest silence", ({ silentMs }) => silentMs, ms);
  row(
    "memory",
    ({ rssBytes }) => rssBytes,
    (value) => megabytes(value),
  );
}

const options: EmulatorOptions = {
  agents: AGENTS,
  queues: QUEUES,
  rate: RATE,
  limits: { topicsPerChannel: 1_000_000, requestBytes: 16_777_216, requestsPerMinute: 100_000, bufferedBytes: 2 ** 30 },
};
console.log(machine());
console.log(
  `${whole(AGENTS)} agents, ${QUEUES} queues, ${whole(RATE)} events/s wanted, one socket; ${isPinned ? "emulator and reader on a core each" : "cores not assigned"}; medians of ${ROUNDS} rounds of ${ROUND_MS / 1_000} s\n`,
);
const centre = start("./emulator/centre.ts", 0, [JSON.stringify(options)]);
const opened = await hear<Opened>(centre);
const reader = start("./emulator/reader.ts", 1, [await subscribe(opened)]);
await hear<string>(reader);
await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
const rounds: Round[] = [];
for (let round = 0; round < ROUNDS; round += 1) rounds.push(await measure(centre, reader));
print(rounds);
for (const child of [reader, centre]) child.send("end");
