/** An emulator with one socket that listens to one topic, for tests of faults. */
import type { Emulator, EmulatorOptions } from "../../../src/emulator/index.ts";
import { createEmulator } from "../../../src/emulator/index.ts";
import type { FakeClock } from "../../../src/testing/fake-clock.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";
import type { TestChannel, TestSocket } from "../../support/emulator-client.ts";
import { newChannel, newToken, openSocket } from "../../support/emulator-client.ts";

/** The topic that is listened to. */
export const TOPIC = "v2.users.a.presence";

/** What a test has in hand. */
export interface FaultStage extends AsyncDisposable {
  readonly emulator: Emulator;
  readonly clock: FakeClock;
  readonly channel: TestChannel;
  readonly socket: TestSocket;
  /** Emits events with these messages. */
  readonly say: (...messages: string[]) => void;
  /** What the socket has got. */
  readonly heard: () => unknown[];
}

/** Sets it up. */
export async function faultStage(options: EmulatorOptions = {}): Promise<FaultStage> {
  const clock = createFakeClock();
  const emulator = createEmulator({ callsPerHour: 0, clock, heartbeatMs: 3_600_000, ...options });
  await emulator.listen();
  const channel = await newChannel(emulator, await newToken(emulator), [TOPIC]);
  const socket = await openSocket(channel.connectUri);
  return {
    emulator,
    clock,
    channel,
    socket,
    say: (...messages) => emulator.emit(messages.map((message) => ({ topicName: TOPIC, eventBody: { message } }))),
    heard: () => socket.events().map(({ eventBody }) => eventBody["message"]),
    [Symbol.asyncDispose]: async () => {
      socket.ws.terminate();
      await emulator.close();
    },
  };
}
