/** A real disk without room: a small file system in memory, where one can be mounted (root, or a machine that lets users). */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRingfirst, handlerSink, httpSource, sqliteStore } from "../../src/index.ts";
import type { NewEnvelope } from "../../src/ports/store.ts";
import { createWorkQueue, type WorkQueue } from "../../src/work-queue.ts";
import { eventually } from "../support/eventually.ts";

const disk = mkdtempSync(join(tmpdir(), "ringfirst-small-disk-"));
const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", disk]).status === 0;

beforeAll(() => {
  if (!mounted)
    process.stderr.write("the tests of a full disk are skipped: no small file system can be mounted here\n");
});
afterAll(() => {
  if (mounted) spawnSync("umount", ["-l", disk]);
  rmSync(disk, { recursive: true, force: true });
});

const PAYLOAD = new Uint8Array(4_000).fill(7);

function batch(from: number): NewEnvelope[] {
  return Array.from({ length: 10 }, (_, at) => {
    return { id: `e${from + at}`, class: "standard", key: `k${(from + at) % 5}`, payload: PAYLOAD, sinks: ["crm"] };
  });
}

/** Admits until the store says that it is full; answers how many it took. */
async function fill(queue: WorkQueue, from = 0): Promise<number> {
  for (let n = from; ; n += 10) {
    try {
      await queue.admit(batch(n));
    } catch (error) {
      expect(error).toMatchObject({ code: "RF_STORE_FULL", retryable: true });
      return n;
    }
    if (n > 100_000) throw new Error("it never gets full");
  }
}

async function drain(queue: WorkQueue): Promise<number> {
  let count = 0;
  for (;;) {
    const claimed = await queue.claim("crm", { max: 50 });
    if (claimed.length === 0) return count;
    count += claimed.length;
    await queue.settle(claimed.map(({ token }) => ({ token, result: "ack" })));
  }
}

describe.skipIf(!mounted)("a full disk", () => {
  test("nothing new is taken, all that was taken is delivered, and then it goes on by itself", async () => {
    const path = join(disk, "a", "queue.db");
    const queue = await createWorkQueue({ sinks: [{ name: "crm" }], store: sqliteStore({ path }) });
    const taken = await fill(queue);
    expect(taken).toBeGreaterThan(100);
    expect(queue.trouble).toContain("full");
    expect(await drain(queue)).toBe(taken);
    await eventually("no trouble", () => queue.trouble === undefined);
    expect(await fill(queue, taken)).toBeGreaterThan(taken + 100);
    await queue.close();
    rmSync(join(disk, "a"), { recursive: true });
  });

  test("somebody else fills it: deliveries go on into the ballast, and room that comes back is seen", async () => {
    const path = join(disk, "b", "queue.db");
    const queue = await createWorkQueue({ sinks: [{ name: "crm" }], store: sqliteStore({ path }) });
    for (let n = 0; n < 200; n += 10) await queue.admit(batch(n));
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(join(disk, "others"), new Uint8Array(Math.max(0, bavail * bsize - 8_192)));
    await expect(eventuallyRefused(queue)).resolves.toMatchObject({ code: "RF_STORE_FULL" });
    const left = (await queue.stats()).sinks["crm"]?.waiting ?? 0;
    expect(left).toBeGreaterThanOrEqual(200);
    expect(await drain(queue)).toBe(left);
    rmSync(join(disk, "others"));
    await eventually("no trouble", () => queue.trouble === undefined);
    await queue.admit(batch(1_000_000));
    await queue.close();
    rmSync(join(disk, "b"), { recursive: true });
  });

  test("the service is not ready meanwhile, says why, and is ready again", async () => {
    const path = join(disk, "c", "queue.db");
    const source = httpSource({ name: "local" });
    let open = false;
    const gate = Promise.withResolvers<void>();
    const sink = handlerSink({ name: "crm", handle: () => (open ? undefined : gate.promise) });
    const service = await createRingfirst({
      sources: [source],
      sinks: [{ sink, concurrency: 4 }],
      store: sqliteStore({ path }),
    });
    service.start();
    await eventually("ready", () => service.readiness().ready);
    const post = (n: number): Promise<unknown> => {
      const event = { topic: "t", id: `${n}`, body: { text: "x".repeat(4_000) } };
      return source.push(new TextEncoder().encode(JSON.stringify(event)), "application/json");
    };
    await expect(
      (async () => {
        for (let n = 0; n < 10_000; n += 1) await post(n);
      })(),
    ).rejects.toMatchObject({ code: "RF_STORE_FULL" });
    expect(service.readiness()).toMatchObject({ ready: false, reasons: [expect.stringContaining("full") as string] });
    open = true;
    gate.resolve();
    await eventually("ready", () => service.readiness().ready);
    await service.close();
  });
});

async function eventuallyRefused(queue: WorkQueue): Promise<unknown> {
  for (let n = 10_000; n < 20_000; n += 10) {
    try {
      await queue.admit(batch(n));
    } catch (error) {
      return error;
    }
  }
  throw new Error("it was never refused");
}
