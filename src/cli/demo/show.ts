/** What a demo shows while it runs: a live table on a terminal, else one line a second. */
import { statusCommand } from "../service-address.ts";
import { hasColors, type OutputStream } from "../output.ts";
import { painter } from "../text.ts";
import { type DemoSecond, progressLine } from "./progress.ts";
import { openScreen } from "./screen.ts";
import type { DemoStage } from "./stage.ts";
import { composeFrame, type DemoView } from "./view.ts";

/** Follows a demo. */
export interface Show {
  second(facts: DemoSecond): void;
  /** From here on only what is under way is waited for. */
  draining(): void;
  /** Ends it and gives the terminal back. Idempotent. */
  close(): void;
}

/** What the live view is given. */
export interface LiveViewOptions {
  readonly stage: DemoStage;
  readonly stream: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly durationMs: number | undefined;
}

const FRAME_MS = 200;
/** Seconds of the sparkline. */
const RATES_KEPT = 60;

/** One line a second. */
export function startProgress(write: (line: string) => void): Show {
  return { second: (facts) => write(progressLine(facts)), draining() {}, close() {} };
}

/** The live table. */
export function startLiveView({ stage, stream, env, durationMs }: LiveViewOptions): Show {
  const { service, emulator, court, lately, clock, url, token } = stage;
  const paint = painter(hasColors(stream, env));
  const startedAt = clock.monotonic();
  const rates: number[] = [];
  let phase: DemoView["phase"] = "running";
  let drawing = false;

  const look = async (): Promise<DemoView> => ({
    title: `a made-up contact centre: ${emulator.agentCount} agents, ${emulator.queueCount} queues`,
    statusCommand: statusCommand({ url, token }),
    emulatorUrl: emulator.url,
    elapsedMs: clock.monotonic() - startedAt,
    durationMs,
    phase,
    status: await service.status(),
    rates,
    verdict: court.verdict(),
    rings: lately.rings,
    happenings: lately.happenings,
  });
  const draw = (): void => {
    if (drawing) return;
    drawing = true;
    void look()
      .then((view) => screen.draw(composeFrame(view, screen.size, paint)))
      // A service that has just closed has no status any more; the last frame stays.
      .catch(() => undefined)
      .finally(() => {
        drawing = false;
      });
  };

  const screen = openScreen(stream, draw);
  const frames = setInterval(draw, FRAME_MS);
  draw();
  return {
    second({ perSecond }) {
      rates.push(perSecond);
      if (rates.length > RATES_KEPT) rates.shift();
    },
    draining() {
      phase = "draining";
    },
    close() {
      clearInterval(frames);
      screen.close();
    },
  };
}
