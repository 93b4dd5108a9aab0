/**
 * Certificates for tests, all of one key, signed by an authority that only tests know: made once with OpenSSL, valid until 2125 where they are.
 * The key protects nothing.
 */
import { readFileSync } from "node:fs";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { onTestFinished } from "vitest";
import type { EmulatorTls } from "../../../src/emulator/index.ts";

const read = (name: string): string => readFileSync(new URL(`${name}.pem`, import.meta.url), "utf8");

/** A certificate for `localhost` and 127.0.0.1, one that has expired, or one for another name. */
export function certificate(name: "valid" | "expired" | "other-name"): EmulatorTls {
  return { cert: read(name), key: read("key") };
}

/** This process trusts the authority until the test has ended. */
export function trustAuthority(): void {
  const before = getCACertificates("default");
  setDefaultCACertificates([...before, read("authority")]);
  onTestFinished(() => setDefaultCACertificates(before));
}
