/**
 * The service as a process: up, found by others, and down again.
 *
 *  V1  stdout belongs to the ndjson sink; everything said on the way goes to stderr.
 *  V2  The HTTP server is the first to come and the last to go, so that probes see starting and draining.
 *  V3  The run file stands while the service can be asked, and no longer; a second signal removes it too.
 *  V4  A token that was made here is shown once, as notebooks do, and stands in the run file; one that was given is never repeated.
 */
import { randomBytes } from "node:crypto";
import type { ServiceSettings } from "../../config/build.ts";
import type { Clock } from "../../ports/clock.ts";
import type { CloseReport, Ringfirst } from "../../ringfirst.ts";
import { createRingfirst } from "../../ringfirst.ts";
import { systemClock } from "../../runtime/clock.ts";
import { type LogLevel, pinoLogger, type ProcessLogger } from "../../runtime/logger.ts";
import { listenForStop, type StopRequested, type StopRequests } from "../../runtime/process.ts";
import { createServer, type Listening, type RingfirstServer } from "../../server/index.ts";
import { VERSION } from "../../version.ts";
import type { ServeFlags } from "./flags.ts";
import { readConfig, storePathOf, toSettings } from "../config-source.ts";
import type { CliContext } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { hasColors } from "../output.ts";
import { readRunFile, removeRunFile, runFilePath, writeRunFile, type RunFile } from "../run-file.ts";
import { count, printable } from "../text.ts";

const TOKEN_BYTES = 24;

/** The configuration as it is run. */
interface ServicePlan extends ServiceSettings {
  /** The file, or `the environment`. */
  readonly from: string;
  readonly storePath: string | undefined;
}

/** What one run is made with. */
interface Run {
  readonly clock: Clock;
  readonly logger: ProcessLogger;
  readonly stop: StopRequests;
  readonly flags: ServeFlags;
}

/** Runs the service until it is asked to stop, and answers its exit code. */
export async function runServe(flags: ServeFlags, context: CliContext): Promise<ExitCode> {
  const stop = listenForStop();
  try {
    const { config, from } = readConfig(flags.config, context);
    const logger = loggerOf(config.log?.level, flags, context);
    const clock = systemClock();
    try {
      const plan = { ...toSettings(config, clock, logger), from, storePath: storePathOf(config) };
      return await serve(plan, { clock, logger, stop, flags }, context);
    } finally {
      await logger.flush();
    }
  } finally {
    stop.release();
  }
}

async function serve(plan: ServicePlan, run: Run, context: CliContext): Promise<ExitCode> {
  const { clock, logger, stop, flags } = run;
  const service = await createRingfirst(plan.options);
  const token = plan.server.token ?? randomBytes(TOKEN_BYTES).toString("base64url");
  const server = createServer({ ...plan.server, service, token, clock, logger });
  const { listening, runFile } = await openDoors(
    server,
    service,
    plan,
    { token, startedAt: clock.now() },
    logger,
    context,
  );
  const endAtOnce = (): void => {
    runFile.remove();
    context.exitNow(EXIT.FAILED);
  };
  stop.now.addEventListener("abort", endAtOnce, { once: true });
  service.start();
  announce(plan, listening, { token, runFile: runFile.path }, flags, context);
  const reason = await asked(stop.soon);
  logger.info({ signal: reason.signal }, "stopping: what is in flight is finished; a second signal ends it at once");
  const report = await service.close();
  runFile.remove();
  await server.close();
  return told(report, plan, context);
}

/** V2, V3: whoever can't listen takes the service down again before anything flowed. */
async function openDoors(
  server: RingfirstServer,
  service: Ringfirst,
  plan: ServicePlan,
  { token, startedAt }: { readonly token: string; readonly startedAt: number },
  logger: ProcessLogger,
  { cwd }: CliContext,
): Promise<{ listening: Listening; runFile: PlacedRunFile }> {
  try {
    const listening = await server.listen();
    const run: RunFile = { url: listening.url, token, pid: process.pid, startedAt, version: VERSION };
    return { listening, runFile: placeRunFile(runFilePath(cwd, plan.storePath), run, logger) };
  } catch (error) {
    await service.close({ signal: AbortSignal.abort() });
    throw error;
  }
}

/** The run file of this service; without a path where there is none. */
interface PlacedRunFile {
  readonly path?: string;
  remove(): void;
}

/** A service does its work without a run file too: trouble with it is a warning. */
function placeRunFile(path: string, run: RunFile, logger: ProcessLogger): PlacedRunFile {
  const there = readRunFile(path);
  if (there.kind === "running" && there.run.pid !== run.pid) {
    logger.warn(
      { path, pid: there.run.pid },
      "another service runs here and keeps its run file; reach this one by --url and --token",
    );
    return { remove() {} };
  }
  try {
    writeRunFile(path, run);
  } catch (error) {
    logger.warn({ path, error }, "the run file can't be written; status and others need --url and --token");
    return { remove() {} };
  }
  return { path, remove: () => removeRunFile(path, run) };
}

/** V4. */
function announce(
  plan: ServicePlan,
  { url }: Listening,
  { token, runFile }: { readonly token: string; readonly runFile: string | undefined },
  flags: ServeFlags,
  { output }: CliContext,
): void {
  const login = plan.server.token === undefined ? `${url}/?token=${token}` : undefined;
  if (flags.json === true) {
    output.note(JSON.stringify({ listening: url, config: plan.from, login, runFile }));
    return;
  }
  output.note(`ringfirst ${VERSION} listens at ${url}, configured by ${printable(plan.from)}`);
  if (login === undefined) return;
  const also = runFile === undefined ? "" : ` (the token is in ${printable(runFile)} too, for status and others)`;
  output.note(`log in at ${login}${also}`);
}

function asked(stop: AbortSignal): Promise<StopRequested> {
  return new Promise((resolve) => {
    const answer = (): void => resolve(stop.reason as StopRequested);
    if (stop.aborted) answer();
    else stop.addEventListener("abort", answer, { once: true });
  });
}

function told(report: CloseReport, plan: ServicePlan, { output }: CliContext): ExitCode {
  const { finished, aborted, waiting, unadmitted, clean } = report;
  const kept = plan.options.store?.durability ?? "none";
  const left = aborted + waiting + unadmitted;
  if (left === 0) output.note(`stopped: everything was delivered (${count(finished)} while stopping)`);
  else {
    const fate = clean && kept !== "none" ? "kept for the next start" : "not kept by this store";
    output.note(
      `stopped: ${count(waiting)} events waiting, ${count(aborted)} deliveries given up, ${count(unadmitted)} not admitted; ${fate}`,
    );
  }
  return clean ? EXIT.OK : EXIT.FAILED;
}

function loggerOf(level: LogLevel = "info", flags: ServeFlags, { output, env }: CliContext): ProcessLogger {
  const pretty = output.stderr.isTTY === true && flags.json !== true;
  return pinoLogger({
    level,
    ...(pretty ? { pretty: { colors: hasColors(output.stderr, env) } } : {}),
  });
}
