import { expect, test } from "vitest";
import { createSourceContext } from "../../../src/pipeline/source-context.ts";
import type { Ingest } from "../../../src/pipeline/ingest.ts";
import type { GapLedger } from "../../../src/pipeline/gaps.ts";
import type { Net } from "../../../src/ports/net.ts";
import type { Source } from "../../../src/ports/source.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";
import { createLogSpy } from "../../support/log-spy.ts";

test("frames that do not parse are all counted, and told once in ten seconds", async () => {
  const clock = createFakeClock();
  const logger = createLogSpy();
  const tally = {
    source: { name: "main" } as Source,
    received: 0,
    malformed: 0,
    lastEventAt: undefined,
    paused: false,
  };
  const context = createSourceContext(tally, {
    clock,
    logger,
    net: {} as Net,
    ingest: {} as Ingest,
    gaps: {} as GapLedger,
  });
  for (let count = 0; count < 5; count += 1) context.malformed("no topicName", "{###");
  expect(tally.malformed).toBe(5);
  expect(logger.lines.filter(({ level }) => level === "warn").length).toBe(1);
  await clock.advance(10_000);
  context.malformed("no topicName");
  expect(logger.lines.at(-1)).toMatchObject({ level: "warn", fields: { malformed: 6 } });
  expect(logger.text()).toContain("{###");
});
