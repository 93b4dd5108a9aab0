/**
 * One demo, from start to verdict.
 *
 * ```
 *  set the stage ─► run (until the time is up, Ctrl-C, or the emulator ends) ─► silence the centre ─► wait for what is under way
 *                   each second: status, a sitting of the court                                          ─► verdict, summary
 * ```
 * A stop by signal ends as a stop by time does: with a verdict. The second signal ends the process at once.
 */
import { listenForStop, type StopRequests } from "../../runtime/process.ts";
import type { DemoFlags } from "./flags.ts";
import type { CliContext } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { statusCommand } from "../service-address.ts";
import { printable } from "../text.ts";
import type { DemoSecond } from "./progress.ts";
import { startLiveView, startProgress, type Show } from "./show.ts";
import { setStage, type DemoStage } from "./stage.ts";
import { exitCodeOfDemo, summarise, summaryLines } from "./summary.ts";

const SECOND_MS = 1_000;
/** What is under way is waited for as long as something moves, and then for so long. */
const STANDSTILL_MS = 5_000;
const DRAIN_LOOK_MS = 50;
/** Shown of what is missing. */
const MISSING_SHOWN = 5;

/** Runs a demo and answers its exit code. */
export async function runDemo(flags: DemoFlags, context: CliContext): Promise<ExitCode> {
  const stop = listenForStop();
  stop.now.addEventListener("abort", () => context.exitNow(EXIT.FAILED), { once: true });
  try {
    const stage = await setStage(flags);
    try {
      return await play(stage, flags, stop, context);
    } finally {
      await stage.close();
    }
  } finally {
    stop.release();
  }
}

async function play(stage: DemoStage, flags: DemoFlags, stop: StopRequests, context: CliContext): Promise<ExitCode> {
  const { clock, service, emulator, court } = stage;
  const startedAt = clock.monotonic();
  const show = startShow(stage, flags, context);
  const pulse = startPulse(stage, show);
  try {
    await untilOver(stage, flags.duration, AbortSignal.any([stop.soon, context.output.readerGone]));
    show.draining();
    if (!emulator.ended.aborted) {
      await emulator.stopTraffic();
      await drained(stage);
    }
  } finally {
    pulse.stop();
    show.close();
  }
  if (emulator.ended.aborted) throw new Error(`the emulator ended: ${printable(String(emulator.ended.reason))}`);
  const summary = summarise(
    await service.status(),
    await court.sit(),
    court.reconciledCount,
    clock.monotonic() - startedAt,
  );
  const { output } = context;
  if (flags.json === true) output.json(summary);
  else for (const line of summaryLines(summary, court.missing(MISSING_SHOWN), output.paint)) output.line(line);
  if (court.unreadCount > 0)
    output.note(
      `ringfirst: ${court.unreadCount} ledger lines were gone before they were read; the verdict leaves them out`,
    );
  return exitCodeOfDemo(summary);
}

function startShow(stage: DemoStage, flags: DemoFlags, { output, env }: CliContext): Show {
  const { url, token, emulator } = stage;
  const intro = [
    `service ${url} (look in: ${statusCommand({ url, token })})`,
    `emulator ${emulator.url} (faults: ${emulator.url}/_emulator/faults)`,
  ];
  if (flags.json !== true && output.stdout.isTTY === true && env["TERM"] !== "dumb") {
    return startLiveView({ stage, stream: output.stdout, env, durationMs: flags.duration });
  }
  for (const line of intro) output.note(line);
  return startProgress((line) => (flags.json === true ? output.note(line) : output.line(line)));
}

/** Once a second: what came in, and a sitting of the court. */
function startPulse({ clock, service, court }: DemoStage, show: Show): { stop(): void } {
  const startedAt = clock.monotonic();
  let received = 0;
  let lookedAt = startedAt;
  let busy = false;
  const look = async (): Promise<DemoSecond> => {
    const verdict = await court.sit();
    const status = await service.status();
    const now = clock.monotonic();
    const perSecond = ((status.intake.received - received) * SECOND_MS) / Math.max(1, now - lookedAt);
    received = status.intake.received;
    lookedAt = now;
    return { status, verdict, elapsedMs: now - startedAt, perSecond };
  };
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    void look()
      // The ledger can't be read while the emulator ends; the end itself is told elsewhere.
      .then(
        (second) => show.second(second),
        () => undefined,
      )
      .finally(() => {
        busy = false;
      });
  }, SECOND_MS);
  return { stop: () => clearInterval(timer) };
}

/** Resolves when the time is up, the program is asked to stop, nobody reads it any more, or the emulator has ended. */
function untilOver({ clock, emulator }: DemoStage, durationMs: number | undefined, stop: AbortSignal): Promise<void> {
  const over = AbortSignal.any([stop, emulator.ended]);
  return new Promise((resolve) => {
    if (over.aborted) {
      resolve();
      return;
    }
    const timer =
      durationMs === undefined ? undefined : clock.setTimer(durationMs, () => resolve(), { keepAlive: true });
    over.addEventListener(
      "abort",
      () => {
        timer?.cancel();
        resolve();
      },
      { once: true },
    );
  });
}

/** Resolves when nothing is under way any more, or nothing has moved for a while. */
async function drained({ clock, court, service }: DemoStage): Promise<void> {
  let movedAt = clock.monotonic();
  let before = -1;
  for (;;) {
    const { outstanding } = await court.sit();
    const { intake, classes } = await service.status();
    const delivered = classes.reduce((sum, entry) => sum + entry.delivered, 0);
    // Ends are counted when the disk has them, a moment after the last hand is free.
    const untold = Math.max(0, intake.admitted + intake.coalesced - delivered);
    const inside = Math.max(
      untold,
      classes.reduce((sum, entry) => sum + entry.waiting + entry.inFlight, intake.pending),
    );
    if (outstanding + inside === 0) return;
    if (outstanding + inside !== before) movedAt = clock.monotonic();
    else if (clock.monotonic() - movedAt > STANDSTILL_MS) return;
    before = outstanding + inside;
    await new Promise<void>((resolve) => {
      clock.setTimer(DRAIN_LOOK_MS, resolve, { keepAlive: true });
    });
  }
}
