/** The Genesys source before a foreign platform: real HTTP and sockets, and a clock that a test moves by hand. */
import { expect, onTestFinished } from "vitest";
import { systemNet } from "../../src/runtime/net.ts";
import { type GenesysSource, genesysSource, type GenesysSourceOptions } from "../../src/sources/genesys/index.ts";
import type { FakeClock } from "../../src/testing/fake-clock.ts";
import { createFakeClock } from "../../src/testing/fake-clock.ts";
import { eventually } from "./eventually.ts";
import type { ForeignChannel, ForeignGenesys, ForeignSocket } from "./foreign-genesys.ts";
import { startForeignGenesys } from "./foreign-genesys.ts";
import type { SpyContext } from "./source-context.ts";
import { createSpyContext } from "./source-context.ts";

export const USER: string = "7b2f9c1e-7f7d-4b6a-9d1c-0e1f2a3b4c5d";
export const PRESENCE: string = `v2.users.${USER}.presence`;
const CLIENT_ID = "client-1";
const SECRET = "canary-client-secret";

export interface GenesysRig {
  readonly clock: FakeClock;
  readonly platform: ForeignGenesys;
  readonly context: SpyContext;
  readonly source: GenesysSource;
  /** Resolves once the source is live and the platform has `count` sockets that stand. */
  readonly live: (count?: number) => Promise<ForeignSocket>;
  /** The channel of the delivering socket. */
  readonly channel: () => Promise<ForeignChannel>;
  /** Resolves with the reason once the source is in this state. */
  readonly state: (state: string) => Promise<string>;
  /** Waits until the line pauses, then lets its pause go by. */
  readonly retry: (ms?: number) => Promise<void>;
  /** Sends one event through and waits for it: the line works. */
  readonly proveFlow: (mark: string) => Promise<void>;
  /** Bodies of the presence events that came, by their mark. */
  readonly marks: () => string[];
}

export interface RigOptions {
  readonly prepare?: (platform: ForeignGenesys) => void;
  readonly topics?: GenesysSourceOptions["topics"];
  readonly secret?: string;
  readonly limits?: GenesysSourceOptions["limits"];
  readonly reconcile?: GenesysSourceOptions["reconcile"];
  /** Of another rig, for a second process with the same client. @defaultValue one of its own */
  readonly platform?: ForeignGenesys;
}

export async function genesysRig({
  prepare,
  topics = [PRESENCE],
  secret = SECRET,
  limits,
  reconcile,
  platform: shared,
}: RigOptions = {}): Promise<GenesysRig> {
  const platform = shared ?? (await startForeignGenesys({ clientId: CLIENT_ID, clientSecret: SECRET }));
  prepare?.(platform);
  const clock = createFakeClock();
  const context = createSpyContext(clock, systemNet());
  const source = genesysSource({
    name: "main",
    region: "us-east-1",
    clientId: CLIENT_ID,
    clientSecret: secret,
    topics,
    endpoints: { login: platform.url, api: platform.url },
    ...(limits === undefined ? {} : { limits }),
    ...(reconcile === undefined ? {} : { reconcile }),
  });
  onTestFinished(async () => {
    const closing = source.close();
    await clock.advance(10_000);
    await closing;
    if (shared === undefined) await platform.close();
    // P9: whatever the test did to it, no secret came out (tokens, channel ids and the client secret are canaries).
    const told = context.logger.text() + JSON.stringify([source.status(), context.gaps, context.malformedReasons]);
    expect(told).not.toContain("canary");
  });
  source.start(context);
  const marks = (): string[] =>
    context.events
      .filter(({ topic }) => topic === PRESENCE)
      .map(({ text }) => (JSON.parse(text) as { mark: string }).mark);
  return {
    clock,
    platform,
    context,
    source,
    marks,
    live: (count = 1) =>
      eventually(`live with ${count} socket(s)`, () => {
        const standing = platform.standing();
        return source.status().state === "live" && standing.length === count && standing.at(-1);
      }),
    channel: async () => {
      await eventually("live", () => source.status().state === "live");
      return eventually("a channel with a socket", () =>
        platform.channels.findLast(({ socket }) => socket !== undefined),
      );
    },
    state: (state) =>
      eventually(`state ${state}`, () => source.status().state === state && (source.status().reason ?? "no reason")),
    async retry(ms = 60_000) {
      await eventually("a pause", () => ["pausing", "slow"].includes(source.status().connections[0]?.state ?? ""));
      await clock.advance(ms);
    },
    async proveFlow(mark) {
      await eventually("live", () => source.status().state === "live");
      await eventually("a socket to send on", () => platform.emit(PRESENCE, { mark }) > 0);
      // A new socket may carry events before its line has joined.
      await eventually(`event ${mark}`, () => marks().includes(mark) && source.status().state === "live");
    },
  };
}
