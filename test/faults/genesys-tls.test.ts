/** The Genesys source where TLS or DNS goes wrong: refused or waited for, said in words, and never less safe than before. */
import dns from "node:dns";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createEmulator, type Emulator, type EmulatorOptions } from "../../src/emulator/index.ts";
import { systemNet } from "../../src/runtime/net.ts";
import { type GenesysSource, genesysSource } from "../../src/sources/genesys/index.ts";
import type { FakeClock } from "../../src/testing/fake-clock.ts";
import { createFakeClock } from "../../src/testing/fake-clock.ts";
import { certificate, trustAuthority } from "../support/certificates/index.ts";
import { eventually } from "../support/eventually.ts";
import type { SpyContext } from "../support/source-context.ts";
import { createSpyContext } from "../support/source-context.ts";

const CREDENTIALS = { clientId: "client-1", clientSecret: "canary-secret" };

async function open(options: EmulatorOptions): Promise<Emulator> {
  const emulator = createEmulator({ ...CREDENTIALS, callsPerHour: 0, ...options });
  await emulator.listen();
  onTestFinished(() => emulator.close());
  return emulator;
}

interface Rig {
  readonly clock: FakeClock;
  readonly context: SpyContext;
  readonly source: GenesysSource;
  /** Resolves once the source has given these words as its reason. */
  readonly says: (words: string) => Promise<unknown>;
  readonly live: () => Promise<unknown>;
}

function connect(emulator: Emulator, host = "localhost"): Rig {
  const clock = createFakeClock();
  const context = createSpyContext(clock, systemNet());
  const url = `https://${host}:${emulator.port}`;
  const topics = [`v2.users.${emulator.directory.users[0]?.id}.presence`];
  const source = genesysSource({ name: "main", ...CREDENTIALS, topics, endpoints: { login: url, api: url } });
  onTestFinished(async () => {
    const closing = source.close();
    await clock.advance(10_000);
    await closing;
    expect(context.logger.text() + JSON.stringify(source.status())).not.toContain("canary");
  });
  source.start(context);
  return {
    clock,
    context,
    source,
    says: (words) => eventually(words, () => JSON.stringify(source.status()).includes(words)),
    live: () => eventually("live", () => source.status().state === "live"),
  };
}

/** Requests that came through, whatever they asked for. */
const seen = (emulator: Emulator): unknown => emulator.faults.active();

describe("a certificate", () => {
  test("that holds: login, API and socket over TLS", async () => {
    trustAuthority();
    const emulator = await open({ tls: certificate("valid") });
    expect(emulator.url).toMatch(/^https:/u);
    const { live, context } = connect(emulator);
    await live();
    emulator.emit({ topicName: `v2.users.${emulator.directory.users[0]?.id}.presence`, eventBody: { primary: true } });
    expect((await context.received(1))[0]?.text).toBe('{"primary":true}');
  });

  test.each([
    ["expired", "certificate has expired"],
    ["other-name", "certificate is for another name"],
  ] as const)("that is wrong (%s) is refused in words, and tried again", async (name, words) => {
    trustAuthority();
    const emulator = await open({ tls: certificate(name) });
    emulator.faults.inject({ fault: "slow", delayMs: 0, forMs: 600_000 });
    const before = seen(emulator);
    const { clock, says, source } = connect(emulator);
    await says(words);
    await clock.advance(300_000);
    expect(source.status().state).not.toBe("live");
    expect(seen(emulator)).toEqual(before);
  });

  test("of an authority that nobody knows is refused", async () => {
    const emulator = await open({ tls: certificate("valid") });
    await connect(emulator).says("signed by nobody whom this machine trusts");
  });

  test("is checked for the socket as for the API: a socket elsewhere on this machine gets no further", async () => {
    trustAuthority();
    const emulator = await open({ tls: certificate("valid") });
    const stranger = await open({ tls: certificate("expired") });
    const connectUri = `wss://localhost:${stranger.port}/channels/canary-channel`;
    emulator.faults.inject({ fault: "odd-channel", connectUri, count: 1000 });
    const { says, source } = connect(emulator);
    await says("certificate has expired");
    expect(source.status().state).not.toBe("live");
  });

  test("of a server that speaks only what was given up is not even looked at", async () => {
    trustAuthority();
    const emulator = await open({ tls: { ...certificate("valid"), maxVersion: "TLSv1.1" } });
    await connect(emulator).says("TLS version is not accepted");
  });

  test("is not looked past by a connectUri without encryption, on a host that is not this machine", async () => {
    trustAuthority();
    const emulator = await open({ tls: certificate("valid") });
    emulator.faults.inject({ fault: "odd-channel", connectUri: "ws://192.0.2.1/channels/canary-1", count: 1000 });
    await connect(emulator).says("it is not encrypted");
  });
});

type Lookup = (name: string, options: dns.LookupOptions, done: (...values: unknown[]) => void) => void;

/** Answers for `localhost`: an address, a code of failure, or nothing for good. */
function resolveTo(answer: { now: string }): void {
  const asked: string[] = [];
  const real = dns.lookup as unknown as Lookup;
  const lookup: Lookup = (name, options, done) => {
    const { now } = answer;
    if (name !== "localhost") real(name, options, done);
    else if (now === "silence") asked.push(name);
    else if (now.startsWith("E")) done(Object.assign(new Error(now), { code: now }));
    else if (options.all === true) done(null, [{ address: now, family: 4 }]);
    else done(null, now, 4);
  };
  const spy = vi.spyOn(dns, "lookup").mockImplementation(lookup as unknown as typeof dns.lookup);
  onTestFinished(() => spy.mockRestore());
}

describe("a name", () => {
  test.each(["ENOTFOUND", "EAI_AGAIN"])("that is not found (%s) is said, and tried until it is", async (code) => {
    trustAuthority();
    const answer = { now: code };
    resolveTo(answer);
    const { clock, says, source } = connect(await open({ tls: certificate("valid") }));
    await says("the host name can't be resolved");
    answer.now = "127.0.0.1";
    await eventually("live", async () => {
      await clock.advance(5000);
      return source.status().state === "live";
    });
  });

  test("that nobody answers for is given up in time", async () => {
    trustAuthority();
    const answer = { now: "silence" };
    resolveTo(answer);
    const { port } = await open({ tls: certificate("valid") });
    const call = { method: "GET", url: `https://localhost:${port}/`, timeoutMs: 100 } as const;
    const begun = performance.now();
    expect(await systemNet().request(call)).toMatchObject({ ok: false, reason: "timeout" });
    const end = await new Promise((closed) => {
      const listener = { opened: () => {}, message: () => {}, control: () => {}, closed };
      const url = `wss://localhost:${port}/channels/x`;
      systemNet().openSocket({ url, handshakeTimeoutMs: 100, maxFrameBytes: 1000 }, listener);
    });
    expect(end).toMatchObject({ kind: "failed", reason: "timeout" });
    // Long before the ten seconds after which the HTTP client itself gives up connecting.
    expect(performance.now() - begun).toBeLessThan(5000);
  });

  test("that moves to another address is followed when the old one is gone", async () => {
    trustAuthority();
    const answer = { now: "127.0.0.1" };
    resolveTo(answer);
    const first = await open({ tls: certificate("valid") });
    const second = await open({ tls: certificate("valid"), host: "127.0.0.2", port: first.port });
    const { clock, live, source } = connect(first);
    await live();
    answer.now = "127.0.0.2";
    await first.close();
    const topicName = `v2.users.${first.directory.users[0]?.id}.presence`;
    await eventually("live at the other address", async () => {
      await clock.advance(5000);
      if (source.status().state !== "live") return false;
      const [n = 0] = second.emit({ topicName, eventBody: { primary: true } });
      return second.ledger({ after: n - 1 }).events[0]?.sockets.length === 1;
    });
  });
});
