import { describe, expect, test } from "vitest";
import type { TokenResult } from "../../../../src/oauth/token.ts";
import { createPlatformWebsocketSource } from "../../../../src/sources/platform-websocket/source.ts";
import type { ScriptedNetOptions } from "../../../support/scripted-net.ts";
import { connected, frame, HOUR, seen, setUp, summary } from "./set-up.ts";

describe("moving to a new token", () => {
  /** Live, and at the moment at which the successor is in handshake. */
  async function moving(options?: ScriptedNetOptions) {
    const parts = await connected(options);
    const old = parts.net.last;
    for (let ms = 0; ms < HOUR - 60_000; ms += 30_000) {
      old.pong();
      await parts.clock.advance(30_000);
    }
    old.pong();
    return { ...parts, old, fresh: parts.net.last };
  }

  test("begins 60 seconds before the old token ends, and the old socket goes only when the new one is proven", async () => {
    const { net, clock, old, fresh, asked, source, context } = await moving();
    expect(asked).toEqual([false, true]);
    expect(net.sockets.length).toBe(2);
    expect(fresh.request.url).toContain("canary-token-2");
    await clock.advance(3_000);
    fresh.open();
    await clock.advance(5_000);
    expect(old.ended).toBe(false);
    fresh.pong();
    await clock.advance(999);
    expect(old.ended).toBe(false);
    await clock.advance(1);
    expect(old.acts.at(-1)).toBe("close 1000");
    expect(source.status()).toMatchObject({ state: "live", reason: undefined });
    expect(context.gaps.length).toBe(1);
    expect(context.logger.lines.at(-1)?.message).toBe("moved to a socket with a new token");
  });

  test("hands every event on once and in order while both stand", async () => {
    const parts = await moving();
    const { clock, old, fresh } = parts;
    old.frame(frame(1));
    fresh.open();
    old.frame(frame(2));
    fresh.frame(frame(2));
    fresh.frame(frame(3));
    fresh.frame(frame(4));
    old.frame(frame(3));
    expect(seen(parts)).toEqual([1, 2, 3]);
    await clock.advance(1_000);
    expect(seen(parts)).toEqual([1, 2, 3, 4]);
    fresh.frame(frame(5));
    old.frame(frame(4));
    expect(seen(parts)).toEqual([1, 2, 3, 4, 5]);
  });

  test("does not wait for an old socket that does not answer its closing", async () => {
    const parts = await moving({ closes: false });
    const { clock, fresh, old } = parts;
    fresh.open();
    fresh.frame(frame(1));
    await clock.advance(1_499);
    expect(seen(parts)).toEqual([]);
    await clock.advance(1);
    expect(seen(parts)).toEqual([1]);
    old.frame(frame(1));
    expect(seen(parts)).toEqual([1]);
  });

  test("loses nothing when the old socket dies in the middle: no gap", async () => {
    const parts = await moving();
    const { context, old, fresh, source } = parts;
    fresh.open();
    old.frame(frame(1));
    fresh.frame(frame(1));
    fresh.frame(frame(2));
    old.end({ kind: "closed", code: 1006, reason: "" });
    expect(seen(parts)).toEqual([1, 2]);
    expect(context.gaps.length).toBe(1);
    expect(source.status().state).toBe("live");
  });

  test("falls back to the old socket when the new one dies before the old one has gone, and tries again", async () => {
    const parts = await moving();
    const { clock, context, old, fresh, source, net } = parts;
    fresh.open();
    fresh.frame(frame(1));
    fresh.frame(frame(2));
    fresh.end({ kind: "closed", code: 1011, reason: "" });
    old.frame(frame(1));
    expect(source.status().state).toBe("live");
    await clock.advance(1_500);
    expect(seen(parts)).toEqual([1, 2]);
    old.frame(frame(3));
    expect(seen(parts)).toEqual([1, 2, 3]);
    expect(net.sockets.length).toBe(3);
    expect(old.ended).toBe(false);
    expect(context.gaps.length).toBe(1);
    net.last.open();
    net.last.pong();
    await clock.advance(1_000);
    expect(old.ended).toBe(true);
    net.last.frame(frame(4));
    expect(seen(parts)).toEqual([1, 2, 3, 4]);
  });

  test("declares the gap when the old socket is lost before the new one stands", async () => {
    const { clock, context, old, fresh } = await moving();
    await clock.advance(1_000);
    old.end({ kind: "closed", code: 1006, reason: "" });
    await clock.advance(200);
    fresh.open();
    expect(context.gaps.length).toBe(2);
    expect(context.gaps[1]).toMatchObject({
      cause: "the socket was cut (1006)",
      from: clock.now() - 1_200,
      to: clock.now(),
    });
  });

  test("goes on with the old socket while the new one can't be had, and says so", async () => {
    const { clock, fresh, source, net, context } = await moving();
    fresh.end({ kind: "refused", status: 503, headers: {}, body: "" });
    expect(summary(source.status())).toBe("live: the socket was refused with status 503");
    await clock.advance(500);
    expect(net.sockets.length).toBe(3);
    net.last.open();
    expect(summary(source.status())).toBe("live: ");
    expect(context.gaps.length).toBe(1);
  });

  test("of tokens that have ended already does not become a tight loop", async () => {
    const { clock, net, answers, asked } = await setUp();
    net.last.end({ kind: "refused", status: 401, headers: {}, body: "" });
    const short = (value: string): TokenResult => ({
      kind: "granted",
      token: { value, expiresAt: clock.now(), renewAt: clock.now() },
    });
    answers.push(...Array.from({ length: 200 }, (_, index) => short(`short ${index}`)));
    for (let ms = 0; ms < 10_000; ms += 50) {
      if (!net.last.ended && !net.last.acts.includes("ping")) net.last.open();
      net.last.pong();
      await clock.advance(50);
    }
    expect(asked.length).toBeLessThan(14);
  });
});

describe("closing", () => {
  test("closes the sockets, ends all timers, and stays closed", async () => {
    const { source, net, clock } = await connected();
    await source.close();
    await source.close();
    expect(net.last.acts.at(-1)).toBe("close 1000");
    expect(source.status()).toMatchObject({ state: "closed", connections: [] });
    expect(clock.timerCount).toBe(0);
    await clock.advance(HOUR);
    expect(net.sockets.length).toBe(1);
  });

  test("while a token is asked for or a backoff runs opens nothing any more", async () => {
    const { source, net, clock } = await connected();
    net.last.end({ kind: "closed", code: 1006, reason: "" });
    await source.close();
    await clock.advance(HOUR);
    expect(net.sockets.length).toBe(1);
    expect(clock.timerCount).toBe(0);
  });

  test("before it was started is harmless", async () => {
    const source = createPlatformWebsocketSource({
      name: "n",
      clientSecret: "s",
      endpoints: { api: "https://a", socket: "wss://a" },
      maxFrameBytes: 1,
      maxDepth: 1,
      tokens: () => ({ get: () => Promise.reject(new Error("not asked")), invalidate() {}, isVoid: () => false }),
    });
    source.pause();
    source.resume();
    await source.close();
    expect(source.status().state).toBe("closed");
  });
});
