/**
 * What is looked at while it runs. P13, no silent stall: a topic that nothing can bring for so long makes the service unready. And P11:
 * no channel has two sockets of ours, save for the moment in which one takes the other's place.
 */
import type { Wire } from "../model/network.ts";
import type { World } from "../world.ts";
import { at } from "./facts.ts";

/** Silence is found out after 35 s; the rest is for what was on its way, and for timers that were late. */
const NOTICED_MS = 60_000;
/** Lists are read back every minute, but not while REST is in trouble; heartbeats go on meanwhile, so nothing else can show it. */
const READ_BACK_MS = 12 * 60_000;
const LOOK_MS = 5_000;

/** What can be seen of the lines' ends at one moment. */
export interface Coverage {
  /** The service says that all is well. */
  readonly saysReady: boolean;
  /** Each wanted topic has a channel with a socket that works; `lists`: all have sockets, and some list lacks it. */
  readonly state: "covered" | "no socket" | "lists";
  /** The youngest socket that stands. One that is new was well for a moment, if only between two looks. @defaultValue none */
  readonly youngest?: number | undefined;
}

/** Finds stalls in a row of looks: answers a finding when one has lasted too long, once for each. */
export class StallWatch {
  #since: number | undefined;
  #told = false;
  #state: Coverage["state"] = "covered";
  #youngest: number | undefined;

  look(now: number, { saysReady, state, youngest }: Coverage): readonly string[] {
    if (!saysReady || state === "covered") {
      this.#since = undefined;
      this.#told = false;
      return [];
    }
    // What is worse than before is to be noticed from then on.
    if (state !== this.#state || youngest !== this.#youngest) this.#since = undefined;
    this.#state = state;
    this.#youngest = youngest;
    this.#since ??= now;
    const limitMs = state === "lists" ? READ_BACK_MS : NOTICED_MS;
    if (this.#told || now - this.#since <= limitMs) return [];
    this.#told = true;
    return [
      `P13 nothing can come since ${at(this.#since)} (${state}), and at ${at(now)} the service says that it is ready`,
    ];
  }
}

/** Finds channels on which two sockets of ours stand for two looks. */
export class TwinWatch {
  #before: ReadonlySet<string> = new Set();

  look(now: number, wires: readonly Pick<Wire, "id" | "url" | "deaf">[]): readonly string[] {
    if (wires.length < 2 && this.#before.size === 0) return [];
    const twins = new Map<string, string>();
    for (const [url, some] of Map.groupBy(
      wires.filter(({ deaf }) => !deaf),
      (wire) => wire.url,
    )) {
      if (some.length > 1) twins.set(some.map(({ id }) => id).join(" and "), url);
    }
    const lasting = [...twins.keys()].filter((ids) => this.#before.has(ids));
    this.#before = new Set(twins.keys());
    return lasting.map((ids) => `P11 sockets ${ids} stand on one channel at ${at(now)}`);
  }
}

/** Looks every few seconds. */
export function watchStalls(world: World): void {
  const wanted = [
    ...world.account.users.map((user) => `v2.users.${user}.presence`),
    ...world.account.queues.map((queue) => `v2.routing.queues.${queue}.conversations`),
  ];
  const stalls = new StallWatch();
  const twins = new TwinWatch();
  let seen = "";
  let last: Coverage["state"] = "covered";
  const stateNow = (wires: readonly Wire[]): Coverage["state"] => {
    let now = `${world.platform.version}:`;
    for (const { id, deaf, paused } of wires) now += ` ${id} ${deaf} ${paused}`;
    if (now !== seen) last = stateOf(world, wanted);
    seen = now;
    return last;
  };
  const look = (): void => {
    const { timeline, service, process, truth, network } = world;
    const { now } = timeline;
    const { wires } = network;
    const isAsleep = truth.stops.some(({ from, to }) => now >= from && now <= to + NOTICED_MS);
    const state = isAsleep ? "covered" : stateNow(wires);
    const saysReady = state !== "covered" && process.alive && service?.readiness().ready === true;
    truth.findings.push(...stalls.look(now, { saysReady, state, youngest: wires.at(-1)?.id }));
    if (!isAsleep) truth.findings.push(...twins.look(now, wires));
    timeline.after(LOOK_MS, look, true);
  };
  world.timeline.after(LOOK_MS, look, true);
}

function stateOf({ platform, network, truth }: World, wanted: readonly string[]): Coverage["state"] {
  const good = new Set(network.wires.filter(({ deaf, paused }) => !deaf && !paused).map(({ id }) => id));
  const channels = platform.standing().filter(({ socket }) => socket !== undefined && good.has(socket.id));
  if (wanted.every((topic) => channels.some(({ topics }) => topics.has(topic)))) return "covered";
  return channels.length >= truth.channelsNeeded ? "lists" : "no socket";
}
