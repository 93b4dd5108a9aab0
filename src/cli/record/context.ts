/** What a source is given while it is recorded: its events go to the recorder, and nowhere else. */
import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/logger.ts";
import type { Net } from "../../ports/net.ts";
import type { ReceivedEvent, Source, SourceContext } from "../../ports/source.ts";
import type { Recorder } from "./recorder.ts";

/** One source with what is counted for it. */
export interface RecordedTally {
  readonly source: Source;
  /** Which of its events are wanted. */
  readonly wants: (topic: string) => boolean;
  malformed: number;
  gaps: number;
}

/** The context of one source. */
export function createRecordContext(
  tally: RecordedTally,
  recorder: Recorder,
  { clock, net, logger: parent }: { readonly clock: Clock; readonly net: Net; readonly logger: Logger },
): SourceContext {
  const { name } = tally.source;
  const logger = parent.child({ source: name });
  const take = (event: ReceivedEvent): boolean => !tally.wants(event.topic) || recorder.take(name, event);
  return {
    clock,
    net,
    logger,
    receive: take,
    // Nothing asks here: sources that are asked need a server, and none runs (run.ts, R2).
    admit: (events) =>
      Promise.resolve(
        events.map((event, seq) => {
          take(event);
          return { status: "admitted", id: event.id ?? "", class: "", key: event.key, seq };
        }),
      ),
    // What was taken is with the recorder.
    settled: () => Promise.resolve(),
    malformed(reason) {
      tally.malformed += 1;
      if (tally.malformed === 1) logger.warn({}, `${name}: a frame does not parse: ${reason}; it is recorded raw`);
    },
    openGap({ cause, from, atStart = false }) {
      if (atStart) return { from, end() {}, settle() {}, explain() {}, withdraw() {} };
      tally.gaps += 1;
      logger.warn({}, `${name}: events may be missed from here on: ${cause}`);
      return {
        from,
        settle() {},
        explain() {},
        withdraw() {},
        end: () => logger.info({}, `${name}: the stream is whole again`),
      };
    },
  };
}
