import { describe, expect, test } from "vitest";
import { isSecretName, redactFields, redactText } from "../../../src/runtime/log-redaction.ts";

const CANARY = "canary-7f3a9c";

describe("redaction of log lines", () => {
  test.each([
    "token",
    "access_token",
    "accessToken",
    "Authorization",
    "proxy-authorization",
    "client_secret",
    "clientSecret",
    "password",
    "connectUri",
    "Set-Cookie",
    "x-api-key",
    "webhookKey",
    "secrets",
  ])("a field named %s is a secret", (name) => {
    expect(isSecretName(name)).toBe(true);
    expect(JSON.stringify(redactFields({ a: { b: [{ [name]: CANARY }] } }))).not.toContain(CANARY);
  });

  test.each(["clientId", "topic", "tokenType", "secretary", "key", "keyboard"])("a field named %s is none", (name) => {
    expect(redactFields({ [name]: "value" })).toEqual({ [name]: "value" });
  });

  test("a flag under such a name stays, because it tells nothing", () => {
    expect(redactFields({ hasToken: true, token: undefined, secret: null })).toEqual({
      hasToken: true,
      token: undefined,
      secret: null,
    });
  });

  test.each([
    `https://login.example/oauth/token?access_token=${CANARY}&x=1`,
    `client_secret=${CANARY}`,
    `Authorization: Bearer ${CANARY}`,
    `wss://streaming.example/channels/streaming-5-${CANARY}`,
    `whsec_${CANARY}`,
  ])("text loses the secret in it: %s", (text) => {
    expect(redactText(text)).not.toContain(CANARY);
    expect(redactText(text)).toContain("[redacted]");
  });

  test("the causes of an error are looked through too, and stacks stay out", () => {
    const error = new Error("outer", { cause: new Error(`inner access_token=${CANARY}`) });
    const shown = redactFields({ error });
    expect(shown).toEqual({
      error: { name: "Error", message: "outer", cause: { name: "Error", message: "inner access_token=[redacted]" } },
    });
  });

  test("text is one line without terminal escapes and reordering characters", () => {
    expect(redactText("a\u001B[31mred\nline\u202Eabc\u0007")).toBe("a [31mred line abc ");
  });

  test("cycles, depth, width, length, BigInt and getters that throw do no harm", () => {
    const cycle: Record<string, unknown> = { big: 10n, long: "x".repeat(10_000) };
    cycle["self"] = cycle;
    Object.defineProperty(cycle, "bad", {
      enumerable: true,
      get() {
        throw new Error("no");
      },
    });
    let deep: Record<string, unknown> = {};
    for (let level = 0; level < 10_000; level += 1) deep = { deep };
    const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`n${index}`, index]));
    const text = JSON.stringify(redactFields({ cycle, deep, wide }));
    expect(text.length).toBeLessThan(10_000);
    expect(text).toContain("[circular]");
    expect(text).toContain("[deeper]");
    expect(text).toContain("9900 more");
    expect(text).toContain("[unreadable]");
  });
});
