/** One socket of a channel: silence, questions, and what an answer proves. */
import { describe, expect, test } from "vitest";
import { Connection, type ConnectionEnd } from "../../../../src/sources/genesys/connection.ts";
import { createFakeClock } from "../../../../src/testing/fake-clock.ts";
import { createScriptedNet } from "../../../support/scripted-net.ts";

const PING = 'send {"message":"ping"}';
const PONG = '{"topicName":"channel.metadata","eventBody":{"message":"pong"}}';
const HEARTBEAT = '{"topicName":"channel.metadata","eventBody":{"message":"WebSocket Heartbeat"}}';

function setUp() {
  const clock = createFakeClock();
  const net = createScriptedNet();
  const ends: ConnectionEnd[] = [];
  const connection = new Connection(
    { clock, net, uri: "wss://model/x", maxFrameBytes: 1_000_000 },
    { opened: () => undefined, alive: () => undefined, frame: () => undefined, ended: (end) => void ends.push(end) },
  );
  const socket = net.last;
  const from = clock.now();
  socket.open();
  const pings = (): number => socket.acts.filter((act) => act === PING).length;
  return { clock, connection, socket, ends, pings, since: () => (connection.provenAt ?? 0) - from };
}

describe("a connection", () => {
  test("is asked every five seconds, one question at a time, and proves with an answer what was sent before the question", async () => {
    const { clock, socket, pings, since } = setUp();
    await clock.advance(5_000);
    expect(pings()).toBe(1);
    await clock.advance(3_000);
    socket.frame(HEARTBEAT);
    expect(since()).toBe(0);
    await clock.advance(4_000);
    expect(pings()).toBe(1);
    socket.frame(PONG);
    expect(since()).toBe(5_000);
    await clock.advance(5_000);
    socket.frame(PONG);
    expect([pings(), since()]).toEqual([2, 15_000]);
  });

  test("that never answers is believed by what it says", async () => {
    const { clock, connection, socket, since, ends } = setUp();
    for (let second = 0; second < 60; second += 1) {
      await clock.advance(1_000);
      socket.frame(HEARTBEAT);
    }
    expect(since()).toBe(60_000);
    const hasAnswered = connection.ask();
    expect(hasAnswered()).toBe(true);
    await clock.advance(1_000);
    const again = connection.ask();
    expect(again()).toBe(false);
    socket.frame(HEARTBEAT);
    expect(again()).toBe(true);
    expect(ends).toEqual([]);
  });

  test("that stops to answer and to speak is dead after 35 s, and its last answer stays the proof", async () => {
    const { clock, socket, ends, since } = setUp();
    await clock.advance(5_000);
    socket.frame(PONG);
    await clock.advance(8_000);
    socket.frame(HEARTBEAT);
    await clock.advance(34_999);
    expect(ends).toEqual([]);
    await clock.advance(1);
    expect(ends).toEqual([{ kind: "silent", silentMs: 35_000 }]);
    expect(since()).toBe(5_000);
  });

  test("that is held back proves nothing by what it is read later", async () => {
    const { clock, connection, socket, since, ends } = setUp();
    await clock.advance(5_000);
    socket.frame(PONG);
    connection.hold(true);
    await clock.advance(300_000);
    connection.hold(false);
    socket.frame(HEARTBEAT);
    expect([since(), ends]).toEqual([5_000, []]);
    await clock.advance(5_000);
    socket.frame(PONG);
    expect(since()).toBeGreaterThan(300_000);
  });

  test("what is asked is answered in order; an answer that nobody asked for is none", async () => {
    const { connection, socket, pings } = setUp();
    socket.frame(PONG);
    const [first, second] = [connection.ask(), connection.ask()];
    expect([first(), second(), pings()]).toEqual([false, false, 2]);
    socket.frame(PONG);
    expect([first(), second()]).toEqual([true, false]);
    socket.frame(PONG);
    expect(second()).toBe(true);
  });
});
