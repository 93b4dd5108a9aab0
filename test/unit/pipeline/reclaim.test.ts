/** The timer at the next due instant, when others use the store in that very moment. */
import { expect, test } from "vitest";
import { retry } from "../../../src/core/outcome.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";
import { createWorkQueue } from "../../../src/work-queue.ts";

const envelope = (id: string) => ({ id, class: "standard", payload: new Uint8Array(1), sinks: ["crm"] });

test("a backoff that another verb finds to be over first still wakes its sink", async () => {
  const time = createFakeClock();
  const queue = await createWorkQueue({ clock: time, sinks: [{ name: "crm" }] });
  const seen: number[] = [];
  queue.consume("crm", ({ attempt }) => (seen.push(attempt), attempt === 1 ? retry("no", 60_000) : undefined));
  // Somebody asks for figures at the instant at which the backoff ends, and is first.
  time.setTimer(60_000, () => void queue.stats());
  await queue.admit([envelope("1")]);
  await time.advance(60_000);
  expect(seen).toEqual([1, 2]);
  await queue.close();
});

test("so it does when another sink is busy in that moment", async () => {
  const time = createFakeClock();
  const queue = await createWorkQueue({ clock: time, sinks: [{ name: "crm" }, { name: "log" }] });
  const seen: number[] = [];
  queue.consume("crm", ({ attempt }) => (seen.push(attempt), attempt === 1 ? retry("no", 60_000) : undefined));
  queue.consume("log", () => undefined);
  time.setTimer(60_000, () => void queue.admit([{ ...envelope("2"), sinks: ["log"] }]));
  await queue.admit([envelope("1")]);
  await time.advance(60_000);
  expect(seen).toEqual([1, 2]);
  await queue.close();
});
