/** Where a recording is written to: a new file of the owner's, or standard output. */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { RingfirstError } from "../../errors.ts";
import type { OutputStream } from "../output.ts";

/** Takes bytes in order, one call at a time. */
export interface RecordTarget {
  write(bytes: Uint8Array): Promise<void>;
  /** Sees to it that all is on the disk, and lets go. */
  close(): Promise<void>;
}

const OWNER_ONLY = 0o600;
const { O_CREAT, O_EXCL, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants;

/**
 * A file with mode 0600, which must not be there yet unless `force` is set; a symbolic link is not followed.
 *
 * @param shown - the path as it was given
 * @throws RingfirstError `RF_USAGE`
 */
export async function openFileTarget(path: string, shown: string, force: boolean): Promise<RecordTarget> {
  let file: FileHandle;
  try {
    const flags = O_WRONLY | O_CREAT | O_NOFOLLOW | (force ? O_TRUNC : O_EXCL);
    file = await open(path, flags, OWNER_ONLY);
    // One that was there keeps its mode; a device is not ours to change.
    if (force && (await file.stat()).isFile()) await file.chmod(OWNER_ONLY);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "?";
    const why = code === "EEXIST" ? "is there already; --force writes over it" : `can't be written (${code})`;
    throw new RingfirstError("RF_USAGE", `--out: ${shown} ${why}`, { cause: error });
  }
  return {
    async write(bytes) {
      for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at)).bytesWritten;
    },
    async close() {
      try {
        // A pipe or a device has nothing to sync, and says so.
        await file.sync().catch((error: unknown) => {
          if (!["EINVAL", "ENOTSUP"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
        });
      } finally {
        await file.close();
      }
    },
  };
}

/** Standard output, which is not ours to close. */
export function streamTarget(stream: OutputStream): RecordTarget {
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        stream.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
    close: () => Promise.resolve(),
  };
}
