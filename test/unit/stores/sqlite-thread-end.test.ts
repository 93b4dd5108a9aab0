import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { sqliteStoreForTests } from "../../../src/stores/sqlite/driver.ts";
import { createWorkQueue } from "../../../src/work-queue.ts";
import { scratchFolder } from "../../support/disk-rig.ts";
import { createLogSpy } from "../../support/log-spy.ts";
import { startNearDisk } from "../../support/near-disk.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

test("the end of the disk thread is told: nothing new is taken, who waits is answered, and closing does not hang", async () => {
  const folder = scratchFolder();
  folders.push(folder);
  const log = createLogSpy();
  let end: (cause: string) => void = () => undefined;
  const store = sqliteStoreForTests(
    { path: join(folder, "queue.db"), sync: "process", logger: log },
    {
      ballastBytes: 0,
      startThread(settings) {
        const thread = startNearDisk(settings);
        return {
          ...thread,
          listen(onMessage, onEnd) {
            end = onEnd;
            thread.listen(onMessage, onEnd);
          },
        };
      },
    },
  );
  const queue = await createWorkQueue({ sinks: [{ name: "crm" }], store });
  const envelope = { id: "1", class: "standard", payload: new Uint8Array(1), sinks: ["crm"] };
  const waiting = queue.admit([envelope]);
  end("out of memory");
  await expect(waiting).rejects.toMatchObject({ code: "RF_STORE_FAILING" });
  await expect(queue.admit([{ ...envelope, id: "2" }])).rejects.toMatchObject({ code: "RF_STORE_FAILING" });
  expect(queue.trouble).toContain("start the service anew");
  expect(log.lines.filter(({ level }) => level === "error").map(({ message }) => message)).toEqual([
    expect.stringContaining("out of memory"),
  ]);
  await queue.close();
});
