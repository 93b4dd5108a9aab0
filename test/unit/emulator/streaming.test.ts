/** The streaming wire, seen by a client that knows nothing but texts. */
import { describe, expect, test } from "vitest";
import type { Emulator, EmulatorOptions, UserLogin } from "../../../src/emulator/index.ts";
import { createEmulator } from "../../../src/emulator/index.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";
import { newChannel, newToken, openSocket } from "../../support/emulator-client.ts";
import type { TestStream } from "../../support/xmpp-client.ts";
import {
  BIND,
  boundStream,
  iq,
  OPEN,
  openStream,
  plain,
  pubsub,
  putTopics,
  userChannel,
} from "../../support/xmpp-client.ts";
import { WebSocket } from "ws";

async function started(options: EmulatorOptions = {}): Promise<{ emulator: Emulator; user: UserLogin }> {
  const emulator = createEmulator({ callsPerHour: 0, ...options });
  await emulator.listen();
  return { emulator, user: emulator.login() };
}

async function bound(options: EmulatorOptions = {}, topics: readonly string[] = ["presence"]) {
  const { emulator, user } = await started(options);
  const names = topics.map((name) => `v2.users.${user.userId}.${name}`);
  const channelId = await userChannel(emulator, user, names);
  return { emulator, user, channelId, topic: names[0] ?? "", stream: await boundStream(emulator, user, channelId) };
}

/** Topics and bodies of the events that came. */
function events(stream: TestStream): readonly unknown[] {
  return stream.texts.flatMap((text) => {
    const match = /<items node="([^"]*)">.*<json xmlns="urn:xmpp:json:0">([^<]*)<\/json>/.exec(text);
    return match === null ? [] : [[match[1], match[2]]];
  });
}

async function handshakeStatus(emulator: Emulator, path: string, protocol?: string): Promise<number> {
  const ws = new WebSocket(`${emulator.url.replace("http", "ws")}${path}`, protocol === undefined ? [] : [protocol]);
  ws.on("error", () => {});
  return new Promise((resolve) => {
    ws.on("unexpected-response", (_request, response) => {
      resolve(response.statusCode ?? 0);
      ws.terminate();
    });
    ws.on("open", () => {
      resolve(101);
      ws.terminate();
    });
  });
}

describe("the handshake", () => {
  test("goes step by step from the opening to an address with a resource", async () => {
    const { emulator, user } = await started();
    await using _ = emulator;
    const stream = await openStream(emulator, await userChannel(emulator, user));
    expect(stream.ws.protocol).toBe("xmpp");
    const first = await stream.ask(OPEN, 2);
    expect(first).toMatch(/^<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" from="[^"]+" id="[^"]+" version="1.0"/);
    expect(first).toContain('<mechanisms xmlns="urn:ietf:params:xml:ns:xmpp-sasl"><mechanism>PLAIN</mechanism>');
    expect(await stream.ask(plain(user.jabberId, user.accessToken))).toBe(
      '<success xmlns="urn:ietf:params:xml:ns:xmpp-sasl"/>',
    );
    expect(await stream.ask(OPEN, 2)).toContain('<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/>');
    expect(await stream.ask(BIND)).toContain(`<jid>${user.jabberId}/r1</jid>`);
    stream.ws.terminate();
  });

  test("is refused without the sub-protocol, and for a channel that isn't there as on the JSON socket", async () => {
    const { emulator, user } = await started({ switches: { unknownChannelStatus: 404 } });
    await using _ = emulator;
    const id = await userChannel(emulator, user);
    expect(await handshakeStatus(emulator, `/stream/channels/${id}`)).toBe(400);
    expect(await handshakeStatus(emulator, `/stream/channels/${id}`, "xmpp")).toBe(101);
    expect(await handshakeStatus(emulator, "/stream/channels/streaming-0-nobody", "xmpp")).toBe(404);
  });

  test.each([
    ["an unknown token", (user: UserLogin) => plain(user.jabberId, "nobody"), "not-authorized"],
    ["another's address", (user: UserLogin) => plain(`x${user.jabberId}`, user.accessToken), "not-authorized"],
    ["another mechanism", () => '<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="X"/>', "invalid-mechanism"],
    [
      "what is not base64",
      () => '<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">?</auth>',
      "incorrect-encoding",
    ],
    [
      "half a login",
      () => '<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">AGE=</auth>',
      "malformed-request",
    ],
  ])("refuses %s, and lets the client try again, three times in all", async (_what, text, condition) => {
    const { emulator, user } = await started();
    await using _ = emulator;
    const stream = await openStream(emulator, await userChannel(emulator, user));
    await stream.ask(OPEN, 2);
    const failure = `<failure xmlns="urn:ietf:params:xml:ns:xmpp-sasl"><${condition}/></failure>`;
    expect(await stream.ask(text(user))).toBe(failure);
    expect(await stream.ask(text(user))).toBe(failure);
    expect(await stream.ask(text(user), 3)).toContain("policy-violation");
    expect(await stream.closed).toBe(1000);
  });

  test("takes no token of client credentials", async () => {
    const { emulator, user } = await started();
    await using _ = emulator;
    const stream = await openStream(emulator, await userChannel(emulator, user));
    await stream.ask(OPEN, 2);
    expect(await stream.ask(plain(user.jabberId, await newToken(emulator)))).toContain("not-authorized");
    stream.ws.terminate();
  });

  test("takes nobody for a user whose name is that there is none", async () => {
    const { emulator, user } = await started();
    await using _ = emulator;
    const token = await newToken(emulator);
    const stream = await openStream(emulator, (await newChannel(emulator, token)).id);
    await stream.ask(OPEN, 2);
    const domain = user.jabberId.split("@")[1];
    expect(await stream.ask(plain(`undefined@${domain}`, token))).toContain("not-authorized");
    stream.ws.terminate();
  });

  test("takes no token of another user for this channel", async () => {
    const { emulator, user } = await started();
    await using _ = emulator;
    const stream = await openStream(emulator, await userChannel(emulator, user));
    await stream.ask(OPEN, 2);
    const other = emulator.login(emulator.directory.users[1]?.id);
    expect(await stream.ask(plain(other.jabberId, other.accessToken))).toContain("not-authorized");
    stream.ws.terminate();
  });

  test("takes a renewed token of the channel's user", async () => {
    const { emulator, user } = await started();
    await using _ = emulator;
    const stream = await boundStream(emulator, emulator.login(), await userChannel(emulator, user));
    expect(stream.texts.at(-1)).toContain(user.jabberId);
    stream.ws.terminate();
  });

  test("tells a client whose token has ended that it is not authorized", async () => {
    const { emulator, user, channelId, stream } = await bound();
    await using _ = emulator;
    emulator.faults.inject({ fault: "token_revoked" });
    expect(await stream.closed).toBe(1000);
    expect(events(stream)).toMatchObject([[`system.v2.token_revoked.${channelId}`, expect.any(String)]]);
    expect(stream.texts.at(-1)).toBe('<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>');
    const again = await openStream(emulator, channelId);
    await again.ask(OPEN, 2);
    expect(await again.ask(plain(user.jabberId, user.accessToken))).toContain("<not-authorized/>");
    again.ws.terminate();
  });

  test("ends for a client that never logs in", async () => {
    const clock = createFakeClock();
    const { emulator, user } = await started({ clock });
    await using _ = emulator;
    const stream = await openStream(emulator, await userChannel(emulator, user));
    await stream.ask(OPEN, 2);
    await clock.advance(30_000);
    expect(await stream.closed).toBe(1000);
  });

  test("does not take the channel from another socket before the client is bound", async () => {
    const { emulator, user, channelId, topic, stream } = await bound();
    await using _ = emulator;
    const rival = await openStream(emulator, channelId);
    await rival.ask(OPEN, 2);
    emulator.emit({ topicName: topic, eventBody: { n: 1 } });
    await stream.until(7);
    expect(events(stream)).toEqual([[topic, '{"n":1}']]);
    await rival.ask(plain(user.jabberId, user.accessToken));
    await rival.ask(OPEN, 2);
    await rival.ask(BIND);
    expect(await stream.closed).toBe(1000);
    emulator.emit({ topicName: topic, eventBody: { n: 2 } });
    await rival.until(7);
    expect(events(rival)).toEqual([[topic, '{"n":2}']]);
    rival.ws.terminate();
  });
});

describe("hostile texts", () => {
  test.each([
    ["a document type", '<!DOCTYPE x [<!ENTITY a "b">]><x/>', "restricted-xml"],
    ["an entity of its own", "<x>&a;</x>", "restricted-xml"],
    ["a comment", "<x><!-- --></x>", "restricted-xml"],
    ["an instruction", "<?xml version='1.0'?><x/>", "restricted-xml"],
    ["half an element", "<x>", "not-well-formed"],
    ["two elements", "<x/><x/>", "not-well-formed"],
    ["an attribute twice", '<x a="1" a="2"/>', "not-well-formed"],
    ["a prefix that nobody declared", "<a:x/>", "not-well-formed"],
    ["a character that XML doesn't have", "<x>&#0;</x>", "not-well-formed"],
    ["the end of another element", "<x></y>", "not-well-formed"],
    ["JSON", '{"message":"ping"}', "not-well-formed"],
    ["depth", "<x>".repeat(33), "policy-violation"],
    ["size", `<x>${"y".repeat(65_536)}</x>`, "policy-violation"],
    ["a stanza out of turn", iq("get", '<ping xmlns="urn:xmpp:ping"/>'), "invalid-namespace"],
  ])("%s ends the stream with a stream error", async (_what, text, condition) => {
    const { emulator, user } = await started();
    await using _ = emulator;
    const stream = await openStream(emulator, await userChannel(emulator, user));
    const answer = await stream.ask(text, 2);
    expect(answer).toContain(`<${condition} xmlns="urn:ietf:params:xml:ns:xmpp-streams"/>`);
    expect(answer).toMatch(/<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"\/>$/);
    expect(await stream.closed).toBe(1000);
  });

  test("end only their own stream", async () => {
    const { emulator, channelId, topic, stream } = await bound();
    await using _ = emulator;
    const rival = await openStream(emulator, channelId);
    rival.ws.send(Buffer.from([0xff, 0xfe]), { binary: true });
    expect(await rival.closed).toBe(1000);
    emulator.emit({ topicName: topic, eventBody: 1 });
    await stream.until(7);
    expect(events(stream)).toEqual([[topic, "1"]]);
    stream.ws.terminate();
  });
});

describe("a client that is bound", () => {
  test("is answered what it asks, and refused what isn't there", async () => {
    const { emulator, stream } = await bound();
    await using _ = emulator;
    const ask = (type: "get" | "set", content: string): Promise<string> => stream.ask(iq(type, content, "a&lt;"));
    const head = '<iq xmlns="jabber:client" type="result" id="a&lt;" from="notifications.host"';
    expect(await ask("get", '<ping xmlns="urn:xmpp:ping"/>')).toBe(`${head}/>`);
    expect(await ask("set", '<session xmlns="urn:ietf:params:xml:ns:xmpp-session"/>')).toBe(`${head}/>`);
    expect(await ask("get", '<services xmlns="urn:xmpp:extdisco:1" type="turn"/>')).toBe(
      `${head}><services xmlns="urn:xmpp:extdisco:1" type="turn"/></iq>`,
    );
    expect(await ask("get", '<query xmlns="http://jabber.org/protocol/disco#info"/>')).toContain(
      '<feature var="urn:xmpp:extdisco:1"/>',
    );
    expect(await ask("get", '<future xmlns="urn:x"/>')).toContain(
      '<error type="cancel"><service-unavailable xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error>',
    );
    expect(await ask("get", "")).toContain("<bad-request ");
    stream.ws.terminate();
  });

  test("gets events of its topics with nothing but their bodies, escaped, and the ledger knows them by the text", async () => {
    const { emulator, topic, stream } = await bound({}, ["presence", "routingStatus"]);
    await using _ = emulator;
    emulator.emit([
      { topicName: topic, eventBody: { text: `<&>"'\r\n\u0001\uFFFE]]>` } },
      { topicName: "v2.users.somebody.presence", eventBody: {} },
      { topicName: topic.replace("presence", "routingStatus"), eventBody: [1] },
    ]);
    await stream.until(8);
    const escaped = String.raw`{"text":"&lt;&amp;&gt;\"'\r\n\u0001\ufffe]]&gt;"}`;
    expect(events(stream)).toEqual([
      [topic, escaped],
      [topic.replace("presence", "routingStatus"), "[1]"],
    ]);
    expect(emulator.ledger().events.map(({ sockets }) => sockets)).toEqual([["x1"], [], ["x1"]]);
    stream.ws.terminate();
  });

  test("may subscribe on the stream itself, and is told what it may not have", async () => {
    const denied = "v2.architect.dependencytracking.build";
    const { emulator, user, stream } = await bound({ limits: { topicsPerChannel: 2 } });
    await using _ = emulator;
    const station = `v2.users.${user.userId}.station`;
    expect(await stream.ask(pubsub("subscribe", station))).toContain(`<subscription node="${station}" jid="j"`);
    expect(await stream.ask(pubsub("subscribe", denied))).toContain("<forbidden ");
    expect(await stream.ask(pubsub("subscribe", "v2.users.1.mood"))).toContain("<item-not-found ");
    expect(await stream.ask(pubsub("subscribe", `v2.users.${user.userId}.routingStatus`))).toContain(
      "<policy-violation ",
    );
    emulator.emit({ topicName: station, eventBody: 1 });
    await stream.until(11);
    expect(events(stream)).toEqual([[station, "1"]]);
    expect(await stream.ask(pubsub("unsubscribe", station))).toMatch(/type="result" id="1" from="[^"]*"\/>$/);
    expect(emulator.emit({ topicName: station, eventBody: 2 })).toEqual([2]);
    expect(emulator.ledger().events.at(-1)?.sockets).toEqual([]);
    stream.ws.terminate();
  });

  test("is pinged when it asked for that, as often as heartbeats go", async () => {
    const clock = createFakeClock();
    const { emulator, stream } = await bound({ clock });
    await using _ = emulator;
    await clock.advance(60_000);
    await stream.ask(pubsub("subscribe", "enable.server.side.pings"));
    expect(stream.texts.filter((text) => text.includes("urn:xmpp:ping"))).toEqual([]);
    await clock.advance(60_000);
    await stream.until(9);
    const pings = stream.texts.slice(7);
    for (const ping of pings)
      expect(ping).toMatch(
        /^<iq xmlns="jabber:client" type="get" id="[^"]+" from="[^"]+" to="[^"]+\/r1"><ping xmlns="urn:xmpp:ping"\/><\/iq>$/,
      );
    stream.ws.terminate();
  });

  test("is refused pings under the switch serverSidePings", async () => {
    const { emulator, stream } = await bound({ switches: { serverSidePings: false } });
    await using _ = emulator;
    expect(await stream.ask(pubsub("subscribe", "enable.server.side.pings"))).toContain("<item-not-found ");
    stream.ws.terminate();
  });

  test("leaves in good order", async () => {
    const { emulator, stream } = await bound();
    await using _ = emulator;
    const close = '<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>';
    expect(await stream.ask(close)).toBe(close);
    expect(await stream.closed).toBe(1000);
    expect(stream.texts.filter((text) => text === close)).toHaveLength(1);
  });

  test("is told before its channel expires, and the channel lives on when it subscribes again", async () => {
    const clock = createFakeClock();
    const { emulator, user, channelId, topic, stream } = await bound({ clock, limits: { channelLifeMs: 3_600_000 } });
    await using _ = emulator;
    await clock.advance(3_540_000);
    await stream.until(7);
    expect(events(stream)).toEqual([["streaming-subscriptions-expiring", '{"expiring":60}']]);
    expect(await putTopics(emulator, user, channelId, [topic])).toBe(200);
    await clock.advance(3_599_000);
    await stream.until(8);
    expect(events(stream)).toHaveLength(2);
    await clock.advance(1000);
    expect(await stream.closed).toBe(1000);
  });
});

describe("faults", () => {
  test("socket_closing is a transfer, and the socket closes after its time of grace", async () => {
    const clock = createFakeClock();
    const { emulator, stream } = await bound({ clock });
    await using _ = emulator;
    emulator.faults.inject({ fault: "socket_closing", graceMs: 5000 });
    await stream.until(7);
    expect(stream.texts.at(-1)).toMatch(
      /^<iq xmlns="jabber:client" type="set" .*<query xmlns="urn:xmpp:cxfr"><domain>/,
    );
    await clock.advance(5000);
    expect(await stream.closed).toBe(1001);
  });

  test("no_longer_subscribed is an event, and the end of the socket", async () => {
    const { emulator, user, channelId, stream } = await bound();
    await using _ = emulator;
    emulator.faults.inject({ fault: "no_longer_subscribed" });
    expect(await stream.closed).toBe(1000);
    expect(events(stream)).toMatchObject([
      [`system.v2.no_longer_subscribed.${channelId}`, expect.stringContaining("another_channel_subscribed")],
    ]);
    expect(stream.texts.join("")).toContain(`"userId":"${user.userId}"`);
  });

  test("close, drop and eviction end it with their codes", async () => {
    const { emulator, user, channelId, stream } = await bound({ limits: { channelsPerClient: 1 } });
    await using _ = emulator;
    emulator.faults.inject({ fault: "close", code: 4001, reason: "test" });
    expect(await stream.closed).toBe(4001);
    expect(stream.texts.at(-1)).not.toContain("<close");
    const second = await boundStream(emulator, user, channelId);
    emulator.faults.inject({ fault: "drop" });
    expect(await second.closed).toBe(1006);
    const third = await boundStream(emulator, user, channelId);
    await userChannel(emulator, user);
    expect(await third.closed).toBe(1000);
    expect(await handshakeStatus(emulator, `/stream/channels/${channelId}`, "xmpp")).toBe(401);
  });

  test("channel_gone without a word leaves a stream that hears nothing, not even that it would expire", async () => {
    const clock = createFakeClock();
    const { emulator, topic, stream } = await bound({ clock, limits: { channelLifeMs: 3_600_000 } });
    await using _ = emulator;
    emulator.faults.inject({ fault: "channel_gone", silent: true });
    await clock.advance(2 * 3_600_000);
    emulator.emit({ topicName: topic, eventBody: 1 });
    await stream.ask(iq("get", '<ping xmlns="urn:xmpp:ping"/>'));
    expect(events(stream)).toEqual([]);
    stream.ws.terminate();
  });

  test("of frames act on stanzas: doubled, lost, and sent once more", async () => {
    const { emulator, topic, stream } = await bound();
    await using _ = emulator;
    const other = emulator.login(emulator.directory.users[1]?.id);
    const theirs = `v2.users.${other.userId}.presence`;
    const foreign = await boundStream(emulator, other, await userChannel(emulator, other, [theirs]));
    emulator.emit({ topicName: theirs, eventBody: "theirs" });
    await foreign.until(7);
    foreign.ws.terminate();
    emulator.faults.inject({ fault: "duplicate" });
    emulator.emit({ topicName: topic, eventBody: 1 });
    emulator.faults.inject({ fault: "gap" });
    emulator.emit({ topicName: topic, eventBody: 2 });
    emulator.faults.inject({ fault: "replay", socket: "x1" });
    await stream.until(10);
    expect(events(stream).map((event) => (event as string[])[1])).toEqual(["1", "1", "1", "2"]);
    expect(emulator.ledger().events[2]).toMatchObject({ sockets: [], withheld: ["x1"] });
    stream.ws.terminate();
  });

  test.each(["text", "truncated", "deep", "bad-utf8"])(
    "malformed %s goes out without harm to the emulator",
    async (kind) => {
      const { emulator, topic, stream } = await bound();
      await using _ = emulator;
      emulator.faults.inject({ fault: "malformed", kind });
      emulator.emit({ topicName: topic, eventBody: 1 });
      if (kind === "bad-utf8") expect(await stream.closed).toBe(1006); // this client's library cuts the line there
      else await stream.until(8);
      expect(emulator.ledger().events).toHaveLength(1);
      stream.ws.terminate();
    },
  );
});

test("the JSON socket and the stream of one channel drop each other", async () => {
  const { emulator, user, topic, channelId, stream } = await bound();
  await using _ = emulator;
  const json = await openSocket(`${emulator.url.replace("http", "ws")}/channels/${channelId}`);
  expect(await stream.closed).toBe(1000);
  emulator.emit({ topicName: topic, eventBody: 1 });
  await json.until(1);
  const again = await boundStream(emulator, user, channelId);
  emulator.emit({ topicName: topic, eventBody: 2 });
  await again.until(7);
  expect(emulator.ledger().events.map(({ sockets }) => sockets)).toEqual([["s2"], ["x3"]]);
  again.ws.terminate();
});

test("a shutdown ends streams with 1001", async () => {
  const { emulator, stream } = await bound();
  await emulator.close();
  expect(await stream.closed).toBe(1001);
  expect(stream.texts.at(-1)).toBe('<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>');
});
