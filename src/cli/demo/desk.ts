/** The demo's handler: works a few milliseconds on each event, as something that looks up a customer and opens a window would. */
import { delay } from "../../ports/clock.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Sink } from "../../ports/sink.ts";
import { handlerSink } from "../../sinks/handler.ts";
import type { Court } from "./court.ts";
import { describeEvent } from "./describe.ts";
import type { Lately } from "./lately.ts";

const LEAST_MS = 1;
/** Mean of what is added, exponentially: most are quick, some take long. */
const MEAN_MORE_MS = 3;
const MOST_MS = 40;

/** A sink named "desk" that tells the court of each delivery before it begins to work. */
export function deskSink(clock: Clock, court: Court, lately: Lately): Sink {
  return handlerSink({
    name: "desk",
    async handle(event, { signal }) {
      court.delivered(event.topic, event.bytes, event.origin);
      if (event.class === "critical")
        lately.ring({ at: clock.now(), what: describeEvent(event), waitedMs: event.waitedMs });
      const workMs = LEAST_MS - Math.log(1 - clock.random()) * MEAN_MORE_MS;
      await delay(clock, Math.min(MOST_MS, workMs), signal);
    },
  });
}
