import { describe, expect, test } from "vitest";
import type { HttpFailure } from "../../../../src/ports/net.ts";
import { toDeliveryOutcome } from "../../../../src/sinks/webhook/answer.ts";

const NOW = Date.UTC(2026, 10, 23, 12, 0, 0);

function outcome(status: number, headers: Readonly<Record<string, string>> = {}): ReturnType<typeof toDeliveryOutcome> {
  const body = new TextEncoder().encode("SECRET-ECHO");
  return toDeliveryOutcome({ ok: true, status, headers, body }, 10_000, NOW);
}

describe("what a receiver's answer means", () => {
  test.each([200, 201, 202, 204, 299])("%i acknowledges", (status) => {
    expect(outcome(status)).toEqual({ result: "ack" });
  });

  test.each([
    [301, "retry", /redirects are not followed/],
    [302, "retry", /redirects are not followed/],
    [304, "retry", /redirects are not followed/],
    [400, "retry", /answered 400/],
    [401, "retry", /check secret/],
    [403, "retry", /check secret/],
    [404, "retry", /check url/],
    [405, "retry", /check url/],
    [408, "retry", /answered 408/],
    [410, "dead", /wants no more/],
    [413, "dead", /too large/],
    [422, "retry", /answered 422/],
    [425, "retry", /answered 425/],
    [429, "retry", /answered 429/],
    [500, "retry", /answered 500/],
    [503, "retry", /answered 503/],
    [599, "retry", /answered 599/],
  ])("%i means %s", (status, result, cause) => {
    const told = outcome(status);
    expect(told).toMatchObject({ result, cause: expect.stringMatching(cause) as string });
    expect(JSON.stringify(told)).not.toContain("SECRET-ECHO");
  });

  test("the wait that is asked for is kept", () => {
    expect(outcome(429, { "retry-after": "7" })).toMatchObject({ retryAfterMs: 7_000 });
    expect(outcome(503, { "retry-after": "Mon, 23 Nov 2026 12:00:30 GMT" })).toMatchObject({ retryAfterMs: 30_000 });
    expect(outcome(503)).not.toHaveProperty("retryAfterMs");
  });

  test("a wait that is absurdly long is cut to an hour", () => {
    expect(outcome(503, { "retry-after": "99999999999" })).toMatchObject({ retryAfterMs: 3_600_000 });
  });

  test.each<[HttpFailure["reason"], RegExp]>([
    ["timeout", /no answer within 10000 ms/],
    ["aborted", /given up/],
    ["refused", /refuses connections/],
    ["dns", /can't be resolved/],
    ["forbidden-address", /allowPrivate/],
    ["too-large", /too large/],
    ["tls", /tls: words/],
    ["reset", /reset: words/],
    ["other", /other: words/],
  ])("no answer because of %s is tried again", (reason, cause) => {
    const failure: HttpFailure = { ok: false, reason, message: "words" };
    expect(toDeliveryOutcome(failure, 10_000, NOW)).toMatchObject({
      result: "retry",
      cause: expect.stringMatching(cause) as string,
    });
  });

  test("a body that can't be read whole changes nothing in what the status said", () => {
    const endless: HttpFailure = { ok: false, reason: "too-large", message: "", status: 200 };
    expect(toDeliveryOutcome(endless, 10_000, NOW)).toEqual({ result: "ack" });
    expect(toDeliveryOutcome({ ...endless, status: 410 }, 10_000, NOW)).toMatchObject({ result: "dead" });
  });
});
