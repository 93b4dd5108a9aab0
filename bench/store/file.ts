/**
 * The limit: a file that windows are appended to, each as one write, and flushed. To settle a window, its numbers are appended and
 * flushed too: less can't be written to tell after a crash what is done.
 */
import { open as openFile } from "node:fs/promises";
import { join } from "node:path";
import type { Contender } from "../measure/contender.ts";
import { contenderOf, type Settings } from "./window.ts";

const HEAD_BYTES = 16;

export async function open({ folder, isPipelined }: Settings): Promise<Contender> {
  const file = await openFile(join(folder, "events.log"), "a");
  const append = async (bytes: Uint8Array): Promise<void> => {
    await file.write(bytes);
    await file.datasync();
  };
  return contenderOf(
    {
      prepare: (events) => {
        const heads = events.map(({ seq, payload }) => {
          const head = Buffer.alloc(HEAD_BYTES);
          head.writeDoubleBE(seq, 0);
          head.writeUInt32BE(payload.byteLength, 8);
          return head;
        });
        const entries = Buffer.concat(events.flatMap(({ payload }, n) => [heads[n] ?? Buffer.alloc(0), payload]));
        return { entries, ends: Buffer.concat(heads) };
      },
      put: ({ entries }) => append(entries),
      settle: ({ ends }) => append(ends),
      close: () => file.close(),
    },
    isPipelined,
  );
}
