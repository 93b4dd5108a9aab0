/** `ringfirst demo`: emulator, service and HTTP server together, for people who want to see it. */
import { Command } from "commander";
import type { CliContext } from "../context.ts";
import type { DemoFlags } from "../demo/flags.ts";
import { durationMs, portNumber, positiveNumber, wholeNumber } from "../option-values.ts";

const HELP = `
A made-up contact centre is started beside a real service: the events travel over real sockets, are classified, queued by
urgency and handed to a handler that works a few milliseconds on each. At the end what was delivered is compared with the
emulator's own ledger. Nothing leaves this machine.

On a terminal it shows a live table, else one line a second (with --json on stderr).

Examples:
  $ ringfirst demo                                      until Ctrl-C
  $ ringfirst demo --duration 20s --json                one JSON line at the end, for scripts
  $ ringfirst demo --rate 2000 --duration 1m            2,000 events a second
  $ curl -s localhost:7480/_emulator/faults -d '{"fault":"drop"}'
                                                        cut the socket while it runs, and watch it come back

Exit codes: 0 all delivered in order; 3 an event was lost or out of order; 1 nothing came in, or it failed.`;

/** The command. */
export function demoCommand(context: CliContext): Command {
  return new Command("demo")
    .description("a made-up contact centre and the service together: see events arrive, the urgent ones first")
    .option("--duration <time>", "stop by itself after this time: 20s, 5m (else: until Ctrl-C)", durationMs)
    .option("--agents <n>", "people who take calls (24; more with a high rate)", wholeNumber(1, 20_000))
    .option("--calls-per-hour <n>", "conversations an hour, in real time", wholeNumber(0, 100_000_000))
    .option(
      "--rate <n>",
      "events a second: the centre's time runs as fast as that takes (40)",
      positiveNumber(1_000_000),
    )
    .option("--seed <n>", "the same seed, the same contact centre (1)", wholeNumber(0, 2 ** 32 - 1))
    .option("--port <port>", "HTTP port of the service (7470, else a free one)", portNumber)
    .option("--emulator-port <port>", "port of the emulator (7480, else a free one)", portNumber)
    .option("--json", "print nothing on stdout but one JSON summary line at the end")
    .addHelpText("after", HELP)
    .action(async (flags: DemoFlags) => {
      const { runDemo } = await import("../demo/run.ts");
      context.exitCode = await runDemo(flags, context);
    });
}
