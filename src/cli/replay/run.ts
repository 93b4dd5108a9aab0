/**
 * Plays a recording into the configured rules and sinks.
 *
 *  P1  The platform is not touched: no source of the configuration is made to run.
 *  P2  The work queue is one of its own, in memory, unless a file was named; that of the service is never used by accident. It is said which.
 *  P3  stdout belongs to a sink that writes there; then the summary is on stderr.
 */
import { resolve } from "node:path";
import { DEFAULTS } from "../../options.ts";
import { createRingfirst, type Ringfirst } from "../../ringfirst.ts";
import type { Clock } from "../../ports/clock.ts";
import { delay } from "../../ports/clock.ts";
import type { StoreDriver } from "../../ports/store.ts";
import { systemClock } from "../../runtime/clock.ts";
import { pinoLogger, type ProcessLogger } from "../../runtime/logger.ts";
import { listenForStop, type StopRequests } from "../../runtime/process.ts";
import { replaySources, type ReplayReport } from "../../sources/replay.ts";
import { memoryStore } from "../../stores/memory.ts";
import { sqliteStore } from "../../stores/sqlite/index.ts";
import type { CliContext } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { hasColors } from "../output.ts";
import { printable } from "../text.ts";
import { wrap } from "../wrap.ts";
import { classifyRecording } from "./dry.ts";
import type { ReplayFlags } from "./flags.ts";
import { planReplay, playOptions, type ReplayPlan } from "./plan.ts";
import { openRecording, type RecordingFile } from "./recording-file.ts";
import { dryLines, type ReplaySummary, summarise, summaryLines } from "./report.ts";

/** How often it is looked whether everything was delivered, in milliseconds. */
const LOOK_MS = 50;
/** Wrong lines that are told one by one. */
const MAX_TOLD = 20;

interface Run {
  readonly path: string;
  readonly flags: ReplayFlags;
  readonly context: CliContext;
  readonly clock: Clock;
  readonly logger: ProcessLogger;
  readonly file: RecordingFile;
  readonly plan: ReplayPlan;
}

/** Plays it, and answers the exit code. @throws RingfirstError `RF_RECORDING_UNUSABLE`, `RF_USAGE`, `RF_CONFIG_INVALID` */
export async function runReplay(path: string, flags: ReplayFlags, context: CliContext): Promise<ExitCode> {
  const clock = systemClock();
  const { stderr } = context.output;
  const pretty = stderr.isTTY === true && flags.json !== true;
  const logger = pinoLogger({
    level: "warn",
    ...(pretty ? { pretty: { colors: hasColors(stderr, context.env) } } : {}),
  });
  const stop = listenForStop();
  stop.now.addEventListener("abort", () => context.exitNow(EXIT.FAILED), { once: true });
  try {
    const plan = planReplay(flags, context, clock, logger);
    const file = await openRecording(path, context);
    const run = { path, flags, context, clock, logger, file, plan };
    return flags.dry === true ? await dry(run) : await playIt(run, stop);
  } finally {
    await logger.flush();
    stop.release();
  }
}

async function dry({ path, flags, context, file, plan }: Run): Promise<ExitCode> {
  const { output } = context;
  const tellLine = wrongLineTeller(context);
  const report = await classifyRecording(file, plan, playOptions(path, flags, file.header), tellLine);
  if (flags.json === true) output.json(report);
  else for (const line of dryLines(report, output.paint, widthOf(output.stdout))) output.line(line);
  return report.wrongLines > 0 ? EXIT.FOUND : EXIT.OK;
}

async function playIt(run: Run, stop: StopRequests): Promise<ExitCode> {
  const { path, flags, context, clock, logger, file, plan } = run;
  const names = [...new Set(file.header.sources)];
  const play = replaySources(names.length === 0 ? ["recording"] : names, {
    ...playOptions(path, flags, file.header),
    lines: () => file.bytes(),
    onWrongLine: wrongLineTeller(context),
  });
  const store = storeOf(run);
  const service = await createRingfirst({ ...plan.options, sources: play.sources, store });
  if (flags.json !== true) announce(run);
  const begunAt = clock.monotonic();
  service.start();
  const report = await untilPlayed(service, play, stop, clock);
  const tookMs = clock.monotonic() - begunAt;
  await settled(service, clock, stop.soon, plan.options.drainMs ?? DEFAULTS.drainMs);
  const status = await service.status();
  const summary = summarise(report, status, tookMs);
  const { clean } = await service.close();
  await logger.flush();
  tell(summary, run);
  const sinks = Object.values(summary.sinks);
  const isGone = sinks.some(({ dead, left }) => dead > 0 || (left > 0 && store.durability === "none"));
  if (isGone || !clean || report.ended === "unusable") return EXIT.FAILED;
  return summary.wrongLines > 0 ? EXIT.FOUND : EXIT.OK;
}

/** P2. */
function storeOf({ flags, context, clock, logger }: Run): StoreDriver {
  if (flags.store === undefined) return memoryStore();
  return sqliteStore({ path: resolve(context.cwd, flags.store), sync: "process", clock, logger });
}

/** A stop closes the sources, and with them the play. */
async function untilPlayed(
  service: Ringfirst,
  play: ReturnType<typeof replaySources>,
  { soon }: StopRequests,
  clock: Clock,
): Promise<ReplayReport> {
  const onStop = (): void => play.sources.forEach((source) => void source.close());
  if (soon.aborted) onStop();
  soon.addEventListener("abort", onStop, { once: true });
  // The process must not end while nothing but a store or a sink has something to do.
  const alive = clock.setTimer(Number.MAX_SAFE_INTEGER, () => undefined, { keepAlive: true });
  const report = await play.finished;
  alive.cancel();
  return report;
}

/** Resolves when everything was delivered or given up; once it was asked to stop, after `drainMs` at the latest. */
async function settled(service: Ringfirst, clock: Clock, soon: AbortSignal, drainMs: number): Promise<void> {
  const kept: Clock = { ...clock, setTimer: (ms, fn) => clock.setTimer(ms, fn, { keepAlive: true }) };
  let endsAt = Number.POSITIVE_INFINITY;
  while (clock.monotonic() < endsAt) {
    const { intake, sinks } = await service.status();
    if (intake.pending === 0 && sinks.every(({ queue }) => queue.waiting + queue.inFlight === 0)) return;
    if (soon.aborted) endsAt = Math.min(endsAt, clock.monotonic() + drainMs);
    await delay(kept, LOOK_MS);
  }
}

function announce({ path, flags, context: { output }, file, plan }: Run): void {
  const { header } = file;
  const say = (text: string): void => wrap(text, widthOf(output.stderr)).forEach((line) => output.note(line));
  const how = header.anonymised ? "anonymised, " : "";
  const shown = path === "-" ? "stdin" : printable(path);
  say(`playing ${shown} (${how}recorded ${new Date(header.startedAt).toISOString()}), by ${printable(plan.from)}`);
  const webhooks = plan.options.sinks.filter(({ sink }) => sink.type === "webhook").map(({ sink }) => sink.name);
  if (webhooks.length > 0) say(`webhooks are called as by serve: ${printable(webhooks.join(", "))}`);
  const store = flags.store === undefined ? undefined : printable(flags.store);
  say(
    store === undefined
      ? "the work queue is in memory, for this run only; no store of the configuration is used"
      : `the work queue is kept in ${store}, as --store says; what waits there is delivered too`,
  );
}

/** P3. */
function tell(summary: ReplaySummary, { flags, context: { output }, plan }: Run): void {
  const isFree = !plan.usesStdout;
  const say = isFree ? output.line.bind(output) : output.note.bind(output);
  if (flags.json === true) say(JSON.stringify(summary));
  else {
    const stream = isFree ? output.stdout : output.stderr;
    const paint = isFree ? output.paint : output.paintError;
    for (const line of summaryLines(summary, paint, widthOf(stream))) say(line);
  }
}

function wrongLineTeller({ output }: CliContext): (message: string) => void {
  let told = 0;
  return (message) => {
    told += 1;
    if (told <= MAX_TOLD) output.note(`${printable(message)}; left out`);
    if (told === MAX_TOLD) output.note("further wrong lines are counted only");
  };
}

function widthOf({ isTTY, columns }: CliContext["output"]["stdout"]): number | undefined {
  return isTTY === true ? columns : undefined;
}
