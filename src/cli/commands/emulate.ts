/** `ringfirst emulate`: a made-up contact centre that speaks as Genesys Cloud does. */
import { Command } from "commander";
import type { CliContext } from "../context.ts";
import type { EmulateFlags } from "../emulate/flags.ts";
import { durationMs, portNumber, positiveNumber, wholeNumber } from "../option-values.ts";

const HELP = `
Log in with the client id and secret that it prints (or that you give); every other is refused, as the platform does it.
Login, REST API, sockets of both wires and the control room share one port.

Examples:
  $ ringfirst emulate --port 7480 --agents 40 --calls-per-hour 3600
  $ ringfirst emulate --rate 500 --seed 7             500 events a second, the same ones each time
  $ curl -s localhost:7480/_emulator/faults            which faults there are
  $ curl -s localhost:7480/_emulator/faults -d '{"fault":"close","code":1006}'
  $ curl -s 'localhost:7480/_emulator/ledger?after=0'  what was produced, and on which sockets it was sent
  $ ringfirst emulate --scenario bad-day.yaml          faults by a timetable
  $ ringfirst emulate --time-scale 1440 --switch tokenEnd=notice --limit channelsPerClient=3

Then, elsewhere:
  $ GENESYS_CLIENT_ID=... GENESYS_CLIENT_SECRET=... GENESYS_REGION=us-east-1 \\
    GENESYS_ENDPOINT=http://127.0.0.1:7480 ringfirst serve`;

/** An option that may be repeated. */
function gather(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** The command. */
export function emulateCommand(context: CliContext): Command {
  return new Command("emulate")
    .description("a made-up contact centre on a local port: Genesys Cloud to try against, no account needed")
    .option("--port <port>", "where it listens; 0 takes a free one", portNumber, 7480)
    .option("--host <address>", "the address", "127.0.0.1")
    .option("--client-id <id>", "the OAuth client that may log in (GENESYS_CLIENT_ID; else made up)")
    .option("--client-secret <secret>", "its secret (GENESYS_CLIENT_SECRET; else made up)")
    .option("--agents <n>", "people who take calls", wholeNumber(1, 20_000))
    .option("--queues <n>", "queues they serve", wholeNumber(1, 5_000))
    .option(
      "--calls-per-hour <n>",
      "conversations an hour; 0 keeps it silent (12 for each agent)",
      wholeNumber(0, 100_000_000),
    )
    .option("--rate <n>", "events a second: its time runs as fast as that takes", positiveNumber(1_000_000))
    .option("--seed <n>", "the same seed, the same events", wholeNumber(0, 2 ** 32 - 1))
    .option(
      "--time-scale <n>",
      "tokens and channels age so much faster; with 1440 a day is a minute",
      positiveNumber(1_000_000),
    )
    .option("--tls-cert <file>", "serve HTTPS and WSS with this certificate (PEM); needs --tls-key")
    .option("--tls-key <file>", "its private key (PEM)")
    .option("--scenario <file>", "what goes wrong and when, in YAML or JSON; - reads it from stdin")
    .option("--switch <name=value>", "what nobody knows for certain, the other way (repeat it)", gather)
    .option("--limit <name=value>", "a limit of the platform, smaller (repeat it)", gather)
    .option("--duration <time>", "stop by itself: 20s, 5m", durationMs)
    .option("--json", "one JSON line when it listens")
    .addHelpText("after", HELP)
    .action(async (flags: EmulateFlags) => {
      const { runEmulate } = await import("../emulate/run.ts");
      context.exitCode = await runEmulate(flags, context);
    });
}
