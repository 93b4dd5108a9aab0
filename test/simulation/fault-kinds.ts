/** The kinds of faults: how likely, how long, and what each does to the world. */
import type { Chance } from "./chance.ts";
import { type Channel, systemFrame } from "./model/platform.ts";
import type { HostWeather } from "./model/weather.ts";
import type { Moment, World } from "./world.ts";

/** The name of a kind. */
export type FaultKind =
  | "sockets cut"
  | "sockets half-open"
  | "sockets closed"
  | "socket end announced"
  | "token revoked"
  | "token void"
  | "channel lost"
  | "displaced"
  | "takeover"
  | "foreign channels"
  | "login in trouble"
  | "login refused"
  | "API in trouble"
  | "upgrades in trouble"
  | "slow frames"
  | "slow overlap"
  | "many events"
  | "said twice"
  | "junk"
  | "receiver in trouble"
  | "disk slow"
  | "disk in trouble"
  | "crash"
  | "loss of power"
  | "clean stop"
  | "process stopped"
  | "subscriptions lost"
  | "subscriptions lost before an end";

/** One kind. */
export interface Kind {
  /** 0: only when it is asked for. */
  readonly weight: number;
  /** Shortest and longest; 0: it is over at once. */
  readonly lastsMs: readonly [number, number];
  /** Answers how it ends, where it has an end. */
  readonly begin: (world: World, chance: Chance, lastsMs: number) => (() => void) | undefined;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const MOMENTS: readonly Moment[] = ["hand-over", "effect", "admission"];

const once = (weight: number, act: (world: World, chance: Chance) => void): Kind => ({
  weight,
  lastsMs: [0, 0],
  begin: (world, chance) => {
    act(world, chance);
    return undefined;
  },
});

const lasting = (
  weight: number,
  lastsMs: readonly [number, number],
  begin: (world: World, chance: Chance, lastsMs: number) => () => void,
): Kind => ({ weight, lastsMs, begin });

/** Changes that lie on top of each other: when one ends, those under and over it stay. */
const layers = new WeakMap<object, { readonly base: object; readonly changes: Set<object> }>();

/** Something is otherwise for a while. */
function changed<T extends object>(what: T, to: Partial<T>): () => void {
  const own = layers.get(what) ?? { base: { ...what }, changes: new Set<object>() };
  layers.set(what, own);
  const apply = (): void => void Object.assign(what, own.base, ...own.changes);
  own.changes.add(to);
  apply();
  return () => {
    own.changes.delete(to);
    apply();
  };
}

function hostTrouble(host: HostWeather, chance: Chance, lastsMs: number): () => void {
  switch (chance.below(5)) {
    case 0:
      return changed(host, { status: chance.pick([500, 502, 503, 504]) });
    case 1:
      return changed(host, { status: 429, retryAfterS: Math.ceil(Math.min(lastsMs / 1_000, 60)) });
    case 2:
      return changed(host, { loses: chance.pick(["request", "answer"]) });
    case 3:
      return changed(host, { refuses: true });
    default:
      return changed(host, { slowMs: chance.between(500, 8_000) });
  }
}

const anyChannel = ({ platform }: World, chance: Chance): Channel | undefined => {
  const standing = platform.standing();
  return standing.length === 0 ? undefined : chance.pick(standing);
};

/** All kinds. */
export const FAULTS: Readonly<Record<FaultKind, Kind>> = {
  "sockets cut": once(3, ({ network }, chance) => {
    for (const wire of network.wires) if (chance.hits(0.8)) wire.cut();
  }),
  "sockets half-open": once(3, ({ network }, chance) => {
    for (const wire of network.wires) if (chance.hits(0.8)) wire.deafen();
  }),
  "sockets closed": once(3, ({ platform }, chance) => {
    const code = chance.pick([1000, 1001, 1005, 1008, 1009, 1011, 1012, 1013, 4002]);
    for (const channel of platform.standing()) {
      channel.socket?.end(code, "");
      platform.dropSocket(channel);
    }
  }),
  "socket end announced": once(4, (world, chance) => {
    const { platform, timeline } = world;
    const after = chance.pick([0, 1_000, 20_000, 60_000, Infinity]);
    for (const channel of platform.standing()) {
      const { socket } = channel;
      socket?.send(systemFrame("v2.system.socket_closing"));
      if (!Number.isFinite(after)) continue;
      timeline.after(
        after,
        () => {
          if (channel.socket !== socket) return;
          socket?.end(chance.pick([1000, 1001, 1006]), "");
          platform.dropSocket(channel);
        },
        true,
      );
    }
  }),
  "token revoked": once(2, ({ platform }, chance) => {
    for (const token of platform.tokens.keys()) platform.revokeToken(token, chance.pick([0, 500, 5_000]));
  }),
  "token void": once(2, ({ platform }) => {
    for (const token of platform.tokens.keys()) platform.endToken(token);
  }),
  "channel lost": once(2, (world, chance) => {
    const channel = anyChannel(world, chance);
    if (channel !== undefined) world.platform.endChannel(channel);
  }),
  displaced: once(1, (world, chance) => {
    const channel = anyChannel(world, chance);
    if (channel === undefined) return;
    channel.socket?.send(systemFrame(`v2.system.no_longer_subscribed.${channel.id}`));
    world.platform.setTopics(channel, []);
  }),
  takeover: lasting(1, [5 * SECOND, 3 * MINUTE], (world, chance) => {
    const { timeline, network, platform } = world;
    let on = true;
    const again = (): void => {
      const channel = anyChannel(world, chance);
      if (!on) return;
      if (channel?.socket?.ours === true) {
        const socket = network.intrude(channel);
        timeline.after(20_000, () => platform.detached(socket.id), true);
      }
      timeline.after(chance.between(2_000, 20_000), again, true);
    };
    again();
    return () => {
      on = false;
    };
  }),
  "foreign channels": lasting(2, [MINUTE, 30 * MINUTE], ({ platform }, chance) => {
    const token = platform.grantToken().value;
    const most = chance.hits(0.7) ? 20 : 40;
    const made: Channel[] = [];
    while (platform.channels.size < 20 && made.length < 20) made.push(platform.createChannel(token, false));
    for (let more = most - 20; more > 0 && chance.hits(0.8); more -= 1) made.push(platform.createChannel(token, false));
    return () => {
      for (const channel of made) platform.endChannel(channel);
    };
  }),
  "login in trouble": lasting(2, [5 * SECOND, 10 * MINUTE], ({ weather }, chance, lastsMs) =>
    hostTrouble(weather.login, chance, lastsMs),
  ),
  "login refused": lasting(0.5, [5 * SECOND, 5 * MINUTE], ({ weather }, chance) =>
    changed(weather.login, { status: chance.pick([400, 401, 403]) }),
  ),
  "API in trouble": lasting(4, [2 * SECOND, 10 * MINUTE], ({ weather }, chance, lastsMs) =>
    hostTrouble(weather.api, chance, lastsMs),
  ),
  "upgrades in trouble": lasting(3, [2 * SECOND, 5 * MINUTE], ({ weather }, chance, lastsMs) =>
    hostTrouble(weather.upgrade, chance, lastsMs),
  ),
  "slow frames": lasting(2, [5 * SECOND, 5 * MINUTE], ({ weather }, chance) =>
    changed(weather, { frameDelayMs: chance.pick([300, 1_000, 3_000]) }),
  ),
  /** A move while much goes on, and while what is sent takes its time. */
  "slow overlap": lasting(1, [10 * SECOND, 30 * SECOND], (world, chance) => {
    const { platform, timeline, traffic, weather } = world;
    const ends = [
      changed(weather, { frameDelayMs: chance.pick([2_000, 4_000]) }),
      changed(traffic.busyness, { factor: 40 }),
    ];
    timeline.after(
      chance.between(0, 3 * SECOND),
      () => {
        for (const { socket } of platform.standing()) socket?.send(systemFrame("v2.system.socket_closing"));
      },
      true,
    );
    return () => {
      for (const end of ends) end();
    };
  }),
  "many events": lasting(2, [2 * SECOND, MINUTE], ({ traffic }, chance) =>
    changed(traffic.busyness, { factor: chance.pick([20, 100, 400]) }),
  ),
  "said twice": lasting(1, [10 * SECOND, 10 * MINUTE], ({ traffic }) => changed(traffic.busyness, { twice: 0.3 })),
  junk: once(1, ({ platform }, chance) => {
    const junk = ["", "null", "[]", '{"topicName":7}', "{", '{"result":"200"}', systemFrame("v2.system.unheard_of")];
    for (const { socket } of platform.standing()) socket?.send(chance.pick(junk));
  }),
  "receiver in trouble": lasting(4, [2 * SECOND, 10 * MINUTE], ({ receivers }, chance) => {
    const sink = chance.pick(Object.keys(receivers.doing));
    return changed(receivers.doing, { [sink]: chance.pick(["slow", "down", "down", "hangs"] as const) });
  }),
  "disk slow": lasting(2, [2 * SECOND, 3 * MINUTE], ({ disk }, chance) =>
    changed(disk.weather, { slowness: chance.pick([5, 50, 300]) }),
  ),
  "disk in trouble": lasting(2, [2 * SECOND, 3 * MINUTE], ({ disk }, chance) =>
    changed(disk.weather, { trouble: chance.pick(["full", "failing"] as const) }),
  ),
  crash: once(3, (world, chance) => {
    end(world, chance, "crash");
  }),
  "loss of power": once(2, (world, chance) => {
    end(world, chance, "power");
  }),
  "clean stop": once(1, (world, chance) => world.stop(chance.between(500, 20_000))),
  "process stopped": once(1, ({ process, timeline, truth }, chance) => {
    const until = timeline.now + chance.pick([2_000, 20_000, 40_000, 90_000]);
    truth.stops.push({ from: timeline.now, to: until });
    process.stopUntil(until);
  }),
  /** Heartbeats go on, events do not; only a source that reads its lists back can know. */
  "subscriptions lost": once(1, (world, chance) => {
    const channel = anyChannel(world, chance);
    if (channel !== undefined) world.platform.setTopics(channel, []);
  }),
  /** And before it is read back, the process ends, or the line moves. */
  "subscriptions lost before an end": lasting(1, [SECOND, MINUTE], (world, chance) => {
    const channel = anyChannel(world, chance);
    if (channel !== undefined)
      world.platform.setTopics(
        channel,
        [...channel.listed].filter(() => chance.hits(0.3)),
      );
    const then = chance.pick(["crash", "power", "stop", "stop", "cut", "move"] as const);
    return () => {
      if (then === "stop") world.stop(chance.between(500, 20_000));
      else if (then === "cut") for (const wire of world.network.wires) wire.cut();
      else if (then === "move") channel?.socket?.send(systemFrame("v2.system.socket_closing"));
      else world.crash(then, chance.between(500, 40_000));
    };
  }),
};

/** At once, or at a moment at which it hurts. */
function end(world: World, chance: Chance, how: "crash" | "power"): void {
  const downMs = chance.between(500, 40_000);
  if (chance.hits(0.3)) {
    world.crash(how, downMs);
    return;
  }
  const { process } = world;
  const spring = (): void => {
    world.timeline.after(chance.pick([0, 0.2, 1, 4]) * chance.next(), () => {
      if (world.process === process) world.crash(how, downMs);
    });
  };
  world.trap = { moment: chance.pick(MOMENTS), spring };
}
