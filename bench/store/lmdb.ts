/** lmdb: its own threads commit; waited for until the commit is flushed to the disk. */
import { join } from "node:path";
import type { Contender } from "../measure/contender.ts";
import { contenderOf, type Settings, type WindowEvent } from "./window.ts";

export async function open({ folder, isPipelined }: Settings): Promise<Contender> {
  const lmdb = await import("lmdb");
  const database = lmdb.open({ path: join(folder, "lmdb"), encoding: "binary", keyEncoding: "uint32" });
  return contenderOf(
    {
      prepare: (events) => events,
      put: async (window: readonly WindowEvent[]) => {
        for (const { seq, payload } of window) void database.put(seq, payload);
        await database.flushed;
      },
      settle: async (window) => {
        for (const { seq } of window) void database.remove(seq);
        await database.flushed;
      },
      close: () => database.close(),
    },
    isPipelined,
  );
}
