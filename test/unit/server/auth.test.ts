import { describe, expect, test } from "vitest";
import { createAuthenticator, GUESS_BURST, GUESS_REFILL_MS } from "../../../src/server/auth.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";

const TOKEN = "a-token-of-some-length";
const right = `Bearer ${TOKEN}`;
const wrong = "Bearer not-the-token";

function setUp() {
  const clock = createFakeClock();
  return { clock, auth: createAuthenticator(TOKEN, clock) };
}

describe("the token rule", () => {
  test("tells a missing token from a wrong one and the right one", () => {
    const { auth } = setUp();
    expect(auth.check(undefined, "a")).toEqual({ kind: "missing" });
    expect(auth.check("", "a")).toEqual({ kind: "missing" });
    expect(auth.check(wrong, "a")).toEqual({ kind: "wrong" });
    expect(auth.check(right, "a")).toEqual({ kind: "allowed" });
    expect(auth.check(`bearer  ${TOKEN} `, "a")).toEqual({ kind: "allowed" });
  });

  test("after a burst, wrong tokens from that address wait until some of the budget is back", async () => {
    const { auth, clock } = setUp();
    for (let guess = 0; guess < GUESS_BURST; guess += 1) expect(auth.check(wrong, "a").kind).toBe("wrong");
    expect(auth.check(wrong, "a")).toEqual({ kind: "damped", retryAfterMs: GUESS_REFILL_MS });
    expect(auth.check(wrong, "b").kind).toBe("wrong");
    await clock.advance(GUESS_REFILL_MS - 1);
    expect(auth.check(wrong, "a").kind).toBe("damped");
    await clock.advance(1);
    expect(auth.check(wrong, "a").kind).toBe("wrong");
    expect(auth.check(wrong, "a").kind).toBe("damped");
  });

  test("the right token is never refused: one caller with an old token does not lock the others out", () => {
    const { auth } = setUp();
    for (let guess = 0; guess < GUESS_BURST * 2; guess += 1) auth.check(wrong, "a");
    expect(auth.check(right, "a")).toEqual({ kind: "allowed" });
  });

  test("a request without a token is no guess", () => {
    const { auth } = setUp();
    for (let ask = 0; ask < GUESS_BURST * 3; ask += 1) auth.check(undefined, "a");
    expect(auth.check(right, "a")).toEqual({ kind: "allowed" });
  });

  test("guesses at the allowed rate stay few", async () => {
    const { auth, clock } = setUp();
    let looked = 0;
    for (let ms = 0; ms < 60_000; ms += 100) {
      if (auth.check(wrong, "a").kind === "wrong") looked += 1;
      await clock.advance(100);
    }
    expect(looked).toBeLessThanOrEqual(GUESS_BURST + 60_000 / GUESS_REFILL_MS);
  });

  test("an IPv6 network counts as one caller, IPv4 addresses each by themselves", () => {
    const { auth } = setUp();
    for (let guess = 0; guess < GUESS_BURST; guess += 1) auth.check(wrong, `2001:db8:1:2:${guess}::1`);
    expect(auth.check(wrong, "2001:db8:1:2:ffff::9").kind).toBe("damped");
    expect(auth.check(wrong, "2001:db8:1:3::1").kind).toBe("wrong");
    for (let guess = 0; guess < GUESS_BURST; guess += 1) auth.check(wrong, "::ffff:10.0.0.1");
    expect(auth.check(wrong, "::ffff:10.0.0.1").kind).toBe("damped");
    expect(auth.check(wrong, "::ffff:10.0.0.2").kind).toBe("wrong");
  });

  test("remembers a bounded number of addresses", () => {
    const { auth } = setUp();
    for (let guess = 0; guess < GUESS_BURST; guess += 1) auth.check(wrong, "first");
    for (let address = 0; address < 2_000; address += 1) auth.check(wrong, `10.0.${address >> 8}.${address & 255}`);
    expect(auth.check(wrong, "first").kind).toBe("wrong");
  });
});
