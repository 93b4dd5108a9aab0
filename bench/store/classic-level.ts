/** classic-level: one batch a window, written with `sync`; compression off, which suits bytes that don't compress. */
import { join } from "node:path";
import type { Contender } from "../measure/contender.ts";
import { contenderOf, type Settings } from "./window.ts";

export async function open({ folder, isPipelined }: Settings): Promise<Contender> {
  const { ClassicLevel } = await import("classic-level");
  const options = { keyEncoding: "buffer", valueEncoding: "buffer", compression: false };
  const database = new ClassicLevel(join(folder, "level"), options);
  await database.open();
  return contenderOf(
    {
      prepare: (events) => ({
        puts: events.map(({ seq, payload }) => ({ type: "put" as const, key: keyOf(seq), value: payload })),
        dels: events.map(({ seq }) => ({ type: "del" as const, key: keyOf(seq) })),
      }),
      put: ({ puts }) => database.batch(puts, { sync: true }),
      settle: ({ dels }) => database.batch(dels, { sync: true }),
      close: () => database.close(),
    },
    isPipelined,
  );
}

function keyOf(seq: number): Uint8Array {
  const key = Buffer.alloc(8);
  key.writeBigUInt64BE(BigInt(seq));
  return key;
}
