/** The certificate of the emulator, from files. What is in them is not shown. */
import { readFile } from "node:fs/promises";
import type { EmulatorTls } from "../../emulator/index.ts";
import { RingfirstError } from "../../errors.ts";

/** Reads both files; `undefined` where none is named. @throws RingfirstError `RF_USAGE` */
export async function readTlsFiles(cert?: string, key?: string): Promise<EmulatorTls | undefined> {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined)
    throw new RingfirstError("RF_USAGE", "--tls-cert and --tls-key go together: a certificate and its private key");
  return { cert: await read("--tls-cert", cert), key: await read("--tls-key", key) };
}

async function read(option: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    throw new RingfirstError("RF_USAGE", `${option} ${path} can't be read (${code})`);
  }
}
