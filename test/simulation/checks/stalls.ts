/** P13, no silent stall: looked at while it runs. A topic that nothing can bring for so long makes the service unready. */
import type { World } from "../world.ts";
import { at } from "./facts.ts";

/** Silence is found out after 35 s; the rest is for what was on its way, and for timers that were late. */
const NOTICED_MS = 60_000;
const LOOK_MS = 5_000;

/** Looks every few seconds. */
export function watchStalls(world: World): void {
  const wanted = [
    ...world.account.users.map((user) => `v2.users.${user}.presence`),
    ...world.account.queues.map((queue) => `v2.routing.queues.${queue}.conversations`),
  ];
  let since: number | undefined;
  let told = false;
  const look = (): void => {
    const { timeline, service, process, truth } = world;
    const now = timeline.now;
    const isAsleep = truth.stops.some(({ from, to }) => now >= from && now <= to + NOTICED_MS);
    const saysReady = process.alive && service?.readiness().ready === true;
    if (!saysReady || isAsleep || isCovered(world, wanted)) since = undefined;
    else since ??= now;
    if (since === undefined) told = false;
    else if (now - since > NOTICED_MS && !told) {
      truth.findings.push(
        `P13 nothing can come since ${at(since)}, and at ${at(now)} the service says that it is ready`,
      );
      told = true;
    }
    timeline.after(LOOK_MS, look);
  };
  world.timeline.after(LOOK_MS, look);
}

function isCovered({ platform, network }: World, wanted: readonly string[]): boolean {
  const good = new Set(network.wires.filter(({ deaf, paused }) => !deaf && !paused).map(({ id }) => id));
  const channels = platform.standing().filter(({ socket }) => socket !== undefined && good.has(socket.id));
  return wanted.every((topic) => channels.some(({ topics }) => topics.has(topic)));
}
