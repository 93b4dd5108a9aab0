import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { createEmulator } from "../../../src/emulator/index.ts";
import type { EmulatorOptions } from "../../../src/emulator/index.ts";
import { readTlsFiles } from "../../../src/cli/emulate/tls-files.ts";
import { certificate } from "../../support/certificates/index.ts";

test.each<[EmulatorOptions, string]>([
  [{ port: 70_000 }, "port must be a whole number from 0 to 65535, got 70000"],
  [{ agents: 0 }, "agents must be a whole number from 1 to 20000, got 0"],
  [{ rate: 0 }, "rate must be above 0 and at most 1000000, got 0"],
  [{ callsPerHour: -1 }, "callsPerHour must be above 0"],
  [{ tokenLifeS: Number.NaN }, "tokenLifeS must be above 0"],
  [{ publicUrl: "emulator.example" }, "publicUrl must be an http or https URL, got emulator.example"],
  [{ limits: { channelsPerClient: 0 } }, "limits.channelsPerClient must be a whole number from 1"],
  [{ switches: { replacedCode: 77 } }, "switches.replacedCode must be a close code, got 77"],
  [{ switches: { unknownChannelStatus: 200 } }, "switches.unknownChannelStatus must be a whole number from 400 to 599"],
])("%o is refused: %s", (options, message) => {
  expect(() => createEmulator(options)).toThrow(message);
});

test("an emulator has no address before it listens, and says when it can't have one", async () => {
  await using emulator = createEmulator({ callsPerHour: 0 });
  expect(() => emulator.url).toThrow("isn't listening");
  await emulator.listen();
  await emulator.listen();
  await using rival = createEmulator({ callsPerHour: 0, port: emulator.port });
  await expect(rival.listen()).rejects.toMatchObject({ code: "RF_EMULATOR_LISTEN" });
});

test("many live in one process, and one that was closed may listen again", async () => {
  const one = createEmulator({ callsPerHour: 0, seed: 1 });
  const other = createEmulator({ callsPerHour: 0, seed: 2 });
  await Promise.all([one.listen(), other.listen()]);
  expect(one.directory.users[0]?.id).not.toBe(other.directory.users[0]?.id);
  await one.close();
  await one.close();
  await one.listen();
  expect((await fetch(`${one.url}/nowhere`)).status).toBe(404);
  await Promise.all([one.close(), other.close()]);
});

test("a certificate that is none, or has another key, is refused without showing the key", () => {
  const { cert, key } = certificate("valid");
  for (const tls of [
    { cert: "none", key },
    { cert, key: key.replace("MIGHAgEA", "AAAAAAAA") },
  ]) {
    expect(() => createEmulator({ tls })).toThrow("tls must be a certificate and its own key");
    expect(() => createEmulator({ tls })).not.toThrow(/PRIVATE/u);
  }
});

test("files of a certificate come in pairs, and both must be there", async () => {
  const path = fileURLToPath(new URL("../../support/certificates/valid.pem", import.meta.url));
  expect(await readTlsFiles()).toBeUndefined();
  await expect(readTlsFiles(path)).rejects.toThrow("--tls-cert and --tls-key go together");
  await expect(readTlsFiles(path, `${path}.gone`)).rejects.toThrow(/--tls-key .* can't be read \(ENOENT\)/u);
  expect((await readTlsFiles(path, path))?.cert).toBe(certificate("valid").cert);
});
