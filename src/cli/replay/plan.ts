/** What a replay works with: rules and sinks of the configuration, none of its sources, and not its store. */
import type { RecordingHeader } from "../../core/recording.ts";
import { RingfirstError } from "../../errors.ts";
import type { RingfirstOptions } from "../../options.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/logger.ts";
import { ndjsonSink } from "../../sinks/ndjson.ts";
import type { PlayOptions } from "../../sources/replay.ts";
import { configFile, readConfig, toSettings } from "../config-source.ts";
import type { CliContext } from "../context.ts";
import type { ReplayFlags } from "./flags.ts";

/** Rules, sinks, classes and limits, and where they stand. */
export interface ReplayPlan {
  readonly options: Omit<RingfirstOptions, "sources" | "store">;
  /** The file, or `the built-in rules`. */
  readonly from: string;
  /** Whether a sink writes to stdout. */
  readonly usesStdout: boolean;
}

const STDOUT: ReadonlySet<string> = new Set(["-", "/dev/stdout"]);

/** No source of the configuration runs here, so nobody needs its credentials to play a recording. */
const UNUSED = {
  GENESYS_CLIENT_ID: "unused",
  GENESYS_CLIENT_SECRET: "unused",
  GENESYS_REGION: "us-east-1",
  GENESYS_ENDPOINT: "http://127.0.0.1:9",
};

/** @throws RingfirstError `RF_CONFIG_UNREADABLE`, `RF_CONFIG_INVALID` */
export function planReplay({ config }: ReplayFlags, context: CliContext, clock: Clock, logger: Logger): ReplayPlan {
  const file = configFile(config, context);
  if (file === undefined) {
    const sinks = [{ sink: ndjsonSink({ name: "stdout", path: "-", clock }) }];
    return { options: { sinks, clock, logger }, from: "the built-in rules", usesStdout: true };
  }
  const found = readConfig(file, { ...context, env: { ...UNUSED, ...context.env } });
  const { store: _, ...options } = toSettings(found.config, clock, logger).options;
  const usesStdout = found.config.sinks.some((sink) => sink.type === "ndjson" && STDOUT.has(sink.path ?? "-"));
  return { options, from: file, usesStdout };
}

/** @throws RingfirstError `RF_USAGE` */
export function playOptions(path: string, flags: ReplayFlags, { startedAt }: RecordingHeader): PlayOptions {
  const { speed, at, loop, from, to } = flags;
  if (at !== undefined && speed !== undefined && speed !== 1) {
    throw new RingfirstError("RF_USAGE", "--at original and --speed say two things: give one of them");
  }
  if (loop === true && path === "-") {
    throw new RingfirstError("RF_USAGE", "--loop needs a file: stdin can be read once only");
  }
  const offset = (moment: number | Date): number =>
    typeof moment === "number" ? moment : moment.getTime() - startedAt;
  const fromMs = from === undefined ? undefined : Math.max(0, offset(from));
  const toMs = to === undefined ? undefined : offset(to);
  if (toMs !== undefined && toMs <= (fromMs ?? 0)) {
    throw new RingfirstError("RF_USAGE", "--to must lie after --from, and after the beginning of the recording");
  }
  return {
    speed: speed ?? 1,
    ...(loop === true ? { loop } : {}),
    ...(fromMs === undefined ? {} : { fromMs }),
    ...(toMs === undefined ? {} : { toMs }),
  };
}
