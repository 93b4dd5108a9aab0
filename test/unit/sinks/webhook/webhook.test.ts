import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import type { EventRecord } from "../../../../src/core/event-record.ts";
import { encodeEventRecord } from "../../../../src/core/event-record.ts";
import { toEvent } from "../../../../src/core/event.ts";
import type { HttpFailure, HttpRequest, HttpResponse, Net } from "../../../../src/ports/net.ts";
import type { WebhookSinkOptions } from "../../../../src/sinks/webhook/index.ts";
import { webhookSink } from "../../../../src/sinks/webhook/index.ts";
import { createSigner } from "../../../../src/sinks/webhook/signature.ts";
import { createFakeClock } from "../../../../src/testing/fake-clock.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const OK: HttpResponse = { ok: true, status: 204, headers: {}, body: new Uint8Array(0) };

function fakeNet(answer: HttpResponse | HttpFailure = OK): Net & { readonly requests: HttpRequest[] } {
  const requests: HttpRequest[] = [];
  return {
    requests,
    request(request) {
      requests.push(request);
      return Promise.resolve(answer);
    },
    openSocket() {
      throw new Error("no sockets here");
    },
  };
}

function event(id = "evt-1", record: Partial<EventRecord> = {}): ReturnType<typeof toEvent> {
  const payload = encodeEventRecord({
    source: "main",
    topic: "v2.users.u1.presence",
    type: "",
    origin: "live",
    encoding: "json",
    receivedAt: 1_700_000_000_000,
    correlationId: "",
    body: new TextEncoder().encode('{"name":"Grüße"}'),
    ...record,
  });
  const at = { seq: 1, class: "high", laneClass: "high", key: "u1", redriven: 0, waitedMs: 0, replaced: 0 };
  return toEvent({ ...at, id, payload });
}

function sink(options: Partial<WebhookSinkOptions> = {}): ReturnType<typeof webhookSink> {
  const base = {
    name: "crm",
    url: "https://crm.example.com/hook?key=canary",
    net: fakeNet(),
    clock: createFakeClock(Date.now()),
  };
  return webhookSink({ ...base, ...options });
}

const context = { signal: new AbortController().signal, attempt: 1 };

describe("the webhook sink", () => {
  test("posts a CloudEvent that the library of the standard accepts", async () => {
    const net = fakeNet();
    const outcome = await sink({ net, secret: SECRET }).deliver(event(), context);
    const [request] = net.requests;
    expect(outcome).toEqual({ result: "ack" });
    expect(request).toMatchObject({
      method: "POST",
      url: "https://crm.example.com/hook?key=canary",
      timeoutMs: 10_000,
      signal: context.signal,
    });
    const headers = request?.headers ?? {};
    expect(headers).toMatchObject({
      "content-type": "application/cloudevents+json",
      "webhook-id": "evt-1",
      "user-agent": "ringfirst",
    });
    const body = Buffer.from(request?.body ?? "").toString("utf8");
    expect(new Webhook(SECRET).verify(body, { ...headers })).toMatchObject({ id: "evt-1", data: { name: "Grüße" } });
    expect(() => new Webhook(SECRET).verify(body.replace("Gr", "gr"), { ...headers })).toThrow();
    expect(() => new Webhook(OTHER).verify(body, { ...headers })).toThrow();
  });

  test("signs with each key while keys are rotated", async () => {
    const net = fakeNet();
    await sink({ net, secret: [OTHER, SECRET] }).deliver(event(), context);
    const headers = { ...net.requests[0]?.headers };
    const body = Buffer.from(net.requests[0]?.body ?? "").toString("utf8");
    expect(headers["webhook-signature"]).toMatch(/^v1,\S+ v1,\S+$/);
    for (const key of [SECRET, OTHER]) expect(new Webhook(key).verify(body, headers)).toMatchObject({ id: "evt-1" });
  });

  test("makes the signature of the standard's published example", () => {
    const sign = createSigner("secret", [SECRET]);
    const body = new TextEncoder().encode('{"test": 2432232314}');
    expect(sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body)).toBe(
      "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    );
  });

  test("sends events unsigned where no key is given", async () => {
    const net = fakeNet();
    await sink({ net }).deliver(event(), context);
    expect(net.requests[0]?.headers).toHaveProperty("webhook-id", "evt-1");
    expect(net.requests[0]?.headers).not.toHaveProperty("webhook-signature");
  });

  test("lets no id break out of its header", async () => {
    const net = fakeNet();
    await sink({ net, secret: SECRET }).deliver(event("a\r\nx-admin: 1 é\ud800"), context);
    expect(net.requests[0]?.headers?.["webhook-id"]).toBe("a%0D%0Ax-admin%3A%201%20%C3%A9%EF%BF%BD");
  });

  test("sends own headers along, and lets none of them replace what the sink says", async () => {
    const net = fakeNet();
    await sink({ net, headers: { Authorization: "Bearer x", "User-Agent": "mine" } }).deliver(event(), context);
    expect(net.requests[0]?.headers).toMatchObject({ authorization: "Bearer x", "user-agent": "mine" });
    for (const name of ["webhook-id", "Content-Type", "host", "connection"]) {
      expect(() => sink({ headers: { [name]: "x" } })).toThrow(/is set by the sink/);
    }
    expect(() => sink({ headers: { "a b": "x" } })).toThrow(/no header name/);
    expect(() => sink({ headers: { "x-key": "canary\r\nx: 1" } })).toThrow(
      /the value of x-key holds a control character/,
    );
  });

  test("asks its address filter for each connection", async () => {
    const net = fakeNet();
    await sink({ net, allowPrivate: ["10.20.0.0/16"] }).deliver(event(), context);
    const allow = net.requests[0]?.allowAddress;
    expect([
      allow?.("10.20.1.1", 4),
      allow?.("10.21.1.1", 4),
      allow?.("169.254.169.254", 4),
      allow?.("::1", 6),
    ]).toEqual([true, false, false, false]);
  });

  test.each([
    ["http to the outside", "http://crm.example.com/x", []],
    ["http to loopback that is not allowed", "http://127.0.0.1:8080/x", []],
    ["http to a private address that is allowed", "http://10.0.0.1/x", ["10.0.0.0/8"]],
    ["user-info", "https://canary:canary@crm.example.com/x", []],
    ["a user name alone", "https://canary@crm.example.com/x", []],
    ["another scheme", "ftp://crm.example.com/canary", []],
    ["a file", "file:///etc/canary", []],
    ["no URL", "crm.example.com/canary", []],
    ["a private address", "https://10.0.0.1/canary", []],
    ["a decimal host", "https://2130706433/canary", []],
    ["an octal host", "https://0177.0.0.1/canary", []],
    ["a hexadecimal host", "https://0x7f.1/canary", []],
    ["a v4-mapped host", "https://[::ffff:10.0.0.1]/canary", []],
    ["metadata", "https://169.254.169.254/canary", []],
  ])("refuses %s without showing the URL", (_what, url, allowPrivate) => {
    expect(() => sink({ url, allowPrivate })).toThrow(expect.objectContaining({ code: "RF_OPTION_INVALID" }) as Error);
    expect(() => sink({ url, allowPrivate })).not.toThrow(/canary/);
  });

  test("takes plain http to loopback where it is listed, and private addresses where they are", () => {
    expect(() => sink({ url: "http://127.0.0.1:8080/x", allowPrivate: ["127.0.0.1/32"] })).not.toThrow();
    expect(() => sink({ url: "http://localhost:8080/x", allowPrivate: ["::1"] })).not.toThrow();
    expect(() => sink({ url: "https://10.0.0.1/x", allowPrivate: ["10.0.0.0/8"] })).not.toThrow();
  });

  test.each(["canary", "whsec_", "whsec_canary", "whsec_not*base64canary-canary-canary", "whsec_Y2FuYXJ5"])(
    "refuses the key %j without showing it",
    (secret) => {
      expect(() => sink({ secret })).toThrow(/sink crm: secret: "whsec_"/);
      expect(() => sink({ secret: [SECRET, secret] })).toThrow(/secret\[1\]/);
      expect(() => sink({ secret })).not.toThrow(/canary|Y2FuYXJ5/);
    },
  );

  test("refuses a time limit that is none", () => {
    for (const timeoutMs of [0, -1, Number.NaN, 1e12]) expect(() => sink({ timeoutMs })).toThrow(/timeoutMs/);
  });

  test("says of trouble what is wrong, and closes without ado", async () => {
    const net = fakeNet({ ok: false, reason: "tls", message: "the certificate is for another name" });
    const crm = sink({ net });
    expect(await crm.deliver(event(), context)).toEqual({
      result: "retry",
      cause: "tls: the certificate is for another name",
    });
    expect(crm).toMatchObject({ name: "crm", type: "webhook" });
    await crm.close();
  });
});
