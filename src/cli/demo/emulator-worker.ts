/** The demo's emulator in a thread of its own: it shares no event loop with the service, and ends with the process in every case. */
import { parentPort, workerData } from "node:worker_threads";
import { createEmulator, type EmulatorOptions } from "../../emulator/index.ts";
import { isRingfirstError } from "../../errors.ts";
import type { FromEmulatorThread } from "./emulator-thread.ts";

const port = parentPort;
if (port === null) throw new TypeError("this file is the entry of a worker thread");
const tell = (message: FromEmulatorThread): void => port.postMessage(message);

const emulator = createEmulator(workerData as EmulatorOptions);
port.once("message", () => {
  void emulator.close().then(() => port.close());
});
try {
  await emulator.listen();
  // Silent until somebody listens: what nobody could have heard would only puzzle.
  emulator.stopTraffic();
  const { url, clientId, clientSecret, directory } = emulator;
  const { users, queues } = directory;
  tell({ kind: "listening", url, clientId, clientSecret, agentCount: users.length, queueCount: queues.length });
} catch (error) {
  const code = isRingfirstError(error) ? error.code : undefined;
  tell({ kind: "failed", code, message: error instanceof Error ? error.message : String(error) });
  port.close();
}
