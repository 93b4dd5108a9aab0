/** A platform-websocket source on a scripted network and a clock that is moved by hand. */
import type { TokenResult } from "../../../../src/oauth/token.ts";
import type { Source, SourceStatus } from "../../../../src/ports/source.ts";
import { createPlatformWebsocketSource } from "../../../../src/sources/platform-websocket/source.ts";
import type { FakeClock } from "../../../../src/testing/fake-clock.ts";
import { createFakeClock } from "../../../../src/testing/fake-clock.ts";
import type { ScriptedNet, ScriptedNetOptions } from "../../../support/scripted-net.ts";
import { createScriptedNet } from "../../../support/scripted-net.ts";
import type { SpyContext } from "../../../support/source-context.ts";
import { createSpyContext } from "../../../support/source-context.ts";

export const SECRET = "canary-client-secret";
export const HOUR = 3_600_000;

/** A source with everything around it in the hands of the test. */
export interface Setup {
  readonly clock: FakeClock;
  readonly net: ScriptedNet;
  readonly context: SpyContext;
  readonly source: Source;
  /** `fresh` of each question for a token. */
  readonly asked: boolean[];
  /** Answers to come; then tokens that are good for an hour. */
  readonly answers: TokenResult[];
  readonly invalidated: string[];
  readonly startedAt: number;
}

/** A source on a scripted network; every token lives an hour unless the test says otherwise. */
export async function setUp(options: ScriptedNetOptions = {}): Promise<Setup> {
  const clock = createFakeClock();
  const net = createScriptedNet(options);
  const context = createSpyContext(clock, net);
  const asked: boolean[] = [];
  const invalidated: string[] = [];
  const answers: TokenResult[] = [];
  const source = createPlatformWebsocketSource({
    name: "gateway",
    clientSecret: SECRET,
    endpoints: { api: "https://api.test", socket: "wss://api.test" },
    maxFrameBytes: 1_000,
    maxDepth: 64,
    tokens: () => ({
      get: async ({ fresh = false } = {}) => {
        asked.push(fresh);
        const expiresAt = clock.now() + HOUR;
        const token = { value: `canary-token-${asked.length}`, expiresAt, renewAt: expiresAt - 60_000 };
        return answers.shift() ?? { kind: "granted", token };
      },
      invalidate: (value) => void invalidated.push(value),
      isVoid: () => false,
    }),
  });
  source.start(context);
  await clock.settle();
  return { clock, net, context, source, asked, answers, invalidated, startedAt: clock.now() };
}

export async function connected(options?: ScriptedNetOptions): Promise<Setup> {
  const parts = await setUp(options);
  parts.net.last.open();
  parts.net.last.pong();
  return parts;
}

export const frame = (n: number): string => `{"topic":"conversation:activity","data":{"conversationId":"c","n":${n}}}`;
export const seen = ({ context }: Setup): unknown[] =>
  context.events.map(({ text }) => (JSON.parse(text) as { n: number }).n);
export const summary = (status: SourceStatus): string => `${status.state}: ${status.reason ?? ""}`;
