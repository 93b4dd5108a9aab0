/**
 * Records what the service would receive.
 *
 *  R1  The sources are those of the service, with all their care for channels; a stop leaves the provider clean.
 *  R2  Nothing is admitted or delivered; no store, no server.
 *  R3  stdout belongs to the recording with `--out -`, else to the summary.
 */
import { createHmac, randomBytes } from "node:crypto";
import { resolve } from "node:path";
import type { Config } from "../../config/config.ts";
import { type Anonymiser, createAnonymiser } from "../../core/anonymise.ts";
import { oneLine } from "../../core/cause.ts";
import { RingfirstError } from "../../errors.ts";
import type { Clock } from "../../ports/clock.ts";
import { systemClock } from "../../runtime/clock.ts";
import { type LogLevel, pinoLogger, type ProcessLogger } from "../../runtime/logger.ts";
import { systemNet } from "../../runtime/net.ts";
import { listenForStop, type StopRequests } from "../../runtime/process.ts";
import { readConfig, toSettings } from "../config-source.ts";
import type { CliContext } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { hasColors } from "../output.ts";
import { printable } from "../text.ts";
import { wrap } from "../wrap.ts";
import { createRecordContext, type RecordedTally } from "./context.ts";
import type { RecordFlags } from "./flags.ts";
import { Recorder, type RecordingEnd } from "./recorder.ts";
import { progressLine, type RecordSummary, summaryLines } from "./report.ts";
import { openFileTarget, streamTarget } from "./target.ts";

const KEY_BYTES = 32;
const TICK_MS = { terminal: 5_000, elsewhere: 30_000 };
/** How far into the past times are moved, in days. */
const SHIFT = { least: 30, most: 1_500 };

/** Records until it is over, and answers the exit code. @throws RingfirstError `RF_CONFIG_INVALID`, `RF_USAGE` */
export async function runRecord(flags: RecordFlags, context: CliContext): Promise<ExitCode> {
  checkFlags(flags);
  const stop = listenForStop();
  stop.now.addEventListener("abort", () => context.exitNow(EXIT.FAILED), { once: true });
  const { config, from } = readConfig(flags.config, context);
  const logger = loggerOf(config.log?.level ?? "warn", flags, context);
  try {
    return await record(config, from, { flags, context, stop, logger, clock: systemClock() });
  } finally {
    await logger.flush();
    stop.release();
  }
}

interface Run {
  readonly flags: RecordFlags;
  readonly context: CliContext;
  readonly stop: StopRequests;
  readonly logger: ProcessLogger;
  readonly clock: Clock;
}

async function record(config: Config, from: string, run: Run): Promise<ExitCode> {
  const { flags, context, clock, logger } = run;
  const tallies = talliesOf(config, run);
  const begunAt = clock.now();
  const out = flags.out ?? `recording-${new Date(begunAt).toISOString().slice(0, 19).replaceAll(":", "")}Z.ndjson`;
  const target =
    out === "-"
      ? streamTarget(context.output.stdout)
      : await openFileTarget(resolve(context.cwd, out), printable(out), flags.force === true);
  const over = new Ending(run);
  const recorder = new Recorder({
    clock,
    target,
    sources: tallies.map(({ source }) => source.name),
    anonymiser: flags.anonymise === true ? anonymiserOf(flags, clock) : undefined,
    maxBytes: flags.maxBytes,
    hold: (held) => tallies.forEach(({ source }) => (held ? source.pause() : source.resume())),
    ended: (end) => over.byItself(end),
  });
  announce(config, from, out, run);
  const net = systemNet();
  for (const tally of tallies) tally.source.start(createRecordContext(tally, recorder, { clock, net, logger }));
  const ticking = tick(recorder, tallies, begunAt, run);
  const ended = await over.reached;
  ticking.end();
  const trouble = troubleOf(recorder, tallies);
  await Promise.all(tallies.map(({ source }) => source.close()));
  const failure = await recorder.finish().then(
    () => over.failure,
    (error: unknown) => over.failure ?? error,
  );
  const reason = failure === undefined ? trouble : `the recording can't be written: ${describe(failure)}`;
  const isFailed = failure !== undefined || trouble !== undefined;
  tell({ out, ended: failure === undefined ? ended : "failed", reason }, recorder, tallies, clock.now() - begunAt, run);
  return isFailed ? EXIT.FAILED : EXIT.OK;
}

function checkFlags({ anonymise, keep, shiftTimes, out, force }: RecordFlags): void {
  if (anonymise !== true && (keep !== undefined || shiftTimes === true)) {
    throw new RingfirstError("RF_USAGE", "--keep and --shift-times belong to --anonymise");
  }
  if (out === "-" && force === true) throw new RingfirstError("RF_USAGE", "--force is for a file, and --out - is none");
  if (out === "") throw new RingfirstError("RF_USAGE", "--out: a file, or - for stdout, expected");
}

/** The sources to record; those that wait for requests have nobody to ask them here. */
function talliesOf(config: Config, { flags, clock, logger }: Run): RecordedTally[] {
  const { topics } = flags;
  const wanted = config.sources
    .filter(({ type }) => type !== "http")
    .map((source) => (source.type === "genesys" && topics !== undefined ? { ...source, topics } : source));
  if (wanted.length === 0) {
    throw new RingfirstError(
      "RF_USAGE",
      "there is nothing to record: a source of type genesys or platform-websocket is needed",
    );
  }
  const { options } = toSettings({ ...config, sources: wanted }, clock, logger);
  return options.sources.map((source) => ({
    source,
    // This wire sends all there is; the other one is asked for no more than what is wanted.
    wants: (topic) => topics === undefined || source.type === "genesys" || topics.includes(topic),
    malformed: 0,
    gaps: 0,
  }));
}

function anonymiserOf({ keep, shiftTimes }: RecordFlags, clock: Clock): Anonymiser {
  const key = randomBytes(KEY_BYTES);
  const shiftDays = shiftTimes === true ? -Math.round(SHIFT.least + clock.random() * (SHIFT.most - SHIFT.least)) : 0;
  return createAnonymiser({
    digest: (text) => createHmac("sha256", key).update(text).digest(),
    shiftDays,
    ...(keep === undefined ? {} : { keep }),
  });
}

/** When it is over, and why; the first reason counts. */
class Ending {
  readonly reached: Promise<RecordSummary["ended"]>;
  failure: unknown;
  #reach: (ended: RecordSummary["ended"]) => void = () => undefined;

  constructor({ stop, clock, flags, context }: Run) {
    this.reached = new Promise((reach) => {
      this.#reach = reach;
    });
    stop.soon.addEventListener("abort", () => this.#reach("signal"), { once: true });
    if (stop.soon.aborted) this.#reach("signal");
    if (flags.out === "-") {
      context.output.readerGone.addEventListener("abort", () => this.#reach("reader-gone"), { once: true });
    }
    // Without a limit the timer only keeps the process alive while a source has no socket.
    const limitMs = flags.duration ?? Number.MAX_SAFE_INTEGER;
    const timer = clock.setTimer(limitMs, () => this.#reach("duration"), { keepAlive: true });
    void this.reached.then(() => timer.cancel());
  }

  byItself(end: RecordingEnd): void {
    const isGone = end.kind === "failed" && (end.error as NodeJS.ErrnoException).code === "EPIPE";
    if (end.kind === "failed" && !isGone) this.failure = end.error;
    this.#reach(end.kind === "full" ? "max-bytes" : isGone ? "reader-gone" : "failed");
  }
}

function announce(config: Config, from: string, out: string, { flags, context: { output } }: Run): void {
  if (flags.json === true) return;
  const say = (text: string): void =>
    wrap(text, output.stderr.isTTY === true ? output.stderr.columns : undefined).forEach((line) => output.note(line));
  for (const { name, type } of config.sources) {
    if (type === "genesys") {
      say(
        `${printable(name)} opens channels of its OAuth client, as serve does. A client has 20, and one more pushes out the one least recently ` +
          "used, maybe that of a service at work; ringfirst doctor tells how many are in use.",
      );
    } else if (type === "http")
      say(`${printable(name)} is left out: it takes what is posted, and no server runs here.`);
  }
  const how = flags.anonymise === true ? ", anonymised" : "";
  say(
    `recording${how} to ${out === "-" ? "stdout" : printable(out)}, configured by ${printable(from)}; Ctrl-C ends it`,
  );
}

/** A line on the way now and then. */
function tick(
  recorder: Recorder,
  tallies: readonly RecordedTally[],
  begunAt: number,
  { clock, flags, context: { output } }: Run,
): { end(): void } {
  if (flags.json === true) return { end() {} };
  const { isTTY, columns } = output.stderr;
  const everyMs = isTTY === true ? TICK_MS.terminal : TICK_MS.elsewhere;
  const sources = tallies.map(({ source }) => source);
  const next = (): void => {
    output.note(progressLine(clock.now() - begunAt, recorder, sources, isTTY === true ? columns : undefined));
    timer = clock.setTimer(everyMs, next);
  };
  let timer = clock.setTimer(everyMs, next);
  return { end: () => timer.cancel() };
}

/** Nothing came, and nothing could have. */
function troubleOf({ events }: Recorder, tallies: readonly RecordedTally[]): string | undefined {
  const states = tallies.map(({ source }) => ({ name: source.name, ...source.status() }));
  if (events > 0 || states.some(({ state }) => state === "live" || state === "degraded")) return undefined;
  return states
    .map(({ name, state, reason }) => `${name} is ${state}${reason === undefined ? "" : `: ${reason}`}`)
    .join("; ");
}

function tell(
  end: Pick<RecordSummary, "out" | "ended" | "reason">,
  recorder: Recorder,
  tallies: readonly RecordedTally[],
  tookMs: number,
  { flags, context: { output } }: Run,
): void {
  const summary: RecordSummary = {
    ...end,
    events: recorder.events,
    bytes: recorder.bytes,
    tookMs: Math.round(tookMs),
    anonymised: flags.anonymise === true,
    sources: tallies.map(({ source: { name }, malformed, gaps }) => {
      return { name, events: recorder.bySource.get(name) ?? 0, malformed, gaps };
    }),
  };
  const isElsewhere = flags.out === "-";
  const stream = isElsewhere ? output.stderr : output.stdout;
  const say = isElsewhere ? output.note.bind(output) : output.line.bind(output);
  if (flags.json === true) say(JSON.stringify(summary));
  else summaryLines(summary, stream.isTTY === true ? stream.columns : undefined).forEach((line) => say(line));
}

function describe(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return code ?? oneLine(error instanceof Error ? error.message : String(error));
}

function loggerOf(level: LogLevel, flags: RecordFlags, { output, env }: CliContext): ProcessLogger {
  const pretty = output.stderr.isTTY === true && flags.json !== true;
  return pinoLogger({ level, ...(pretty ? { pretty: { colors: hasColors(output.stderr, env) } } : {}) });
}
