/** Runs the emulator until it is asked to stop. */
import { createEmulator } from "../../emulator/index.ts";
import type { Emulator } from "../../emulator/index.ts";
import { delay } from "../../ports/clock.ts";
import { systemClock } from "../../runtime/clock.ts";
import { listenForStop, type StopRequests } from "../../runtime/process.ts";
import type { EmulateFlags } from "./flags.ts";
import { readPairs } from "./pairs.ts";
import { readScenarioFile, scenarioLogger } from "./scenario-file.ts";
import { readTlsFiles } from "./tls-files.ts";
import type { CliContext } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { count } from "../text.ts";

/** Answers when the emulator has ended. */
export async function runEmulate(flags: EmulateFlags, context: CliContext): Promise<ExitCode> {
  const {
    duration,
    json,
    clientId,
    clientSecret,
    scenario,
    switch: switches,
    limit,
    tlsCert,
    tlsKey,
    ...options
  } = flags;
  const id = clientId ?? context.env["GENESYS_CLIENT_ID"];
  const secret = clientSecret ?? context.env["GENESYS_CLIENT_SECRET"];
  const tls = await readTlsFiles(tlsCert, tlsKey);
  const emulator = createEmulator({
    ...options,
    ...(tls !== undefined && { tls }),
    ...(scenario !== undefined && { scenario: await readScenarioFile(scenario, context) }),
    switches: readPairs("--switch", switches ?? []),
    limits: readPairs("--limit", limit ?? []),
    logger: scenarioLogger(context.output),
    ...(isGiven(id) ? { clientId: id } : {}),
    ...(isGiven(secret) ? { clientSecret: secret } : {}),
  });
  const stop = listenForStop();
  stop.now.addEventListener("abort", () => context.exitNow(EXIT.FAILED), { once: true });
  try {
    await emulator.listen();
    announce(emulator, flags, { secretShown: !isGiven(secret) }, context);
    await untilStopped(stop, duration);
    if (json !== true) context.output.note(`ended; ${count(emulator.ledger({ limit: 1 }).total)} events were produced`);
    return EXIT.OK;
  } finally {
    await emulator.close();
    stop.release();
  }
}

function isGiven(text: string | undefined): text is string {
  return text !== undefined && text !== "";
}

/** A secret that was given is not repeated: whoever gave it knows it, and the log of a terminal is read by others. */
function announce(
  emulator: Emulator,
  flags: EmulateFlags,
  { secretShown }: { readonly secretShown: boolean },
  { output }: CliContext,
): void {
  const { url, clientId, clientSecret, directory } = emulator;
  if (flags.json === true) {
    output.json({ url, clientId, ...(secretShown ? { clientSecret } : {}) });
    return;
  }
  output.line(
    `A contact centre of ${directory.users.length} agents and ${directory.queues.length} queues is open at ${url}`,
  );
  output.line("");
  output.line(`  GENESYS_CLIENT_ID=${clientId}`);
  output.line(`  GENESYS_CLIENT_SECRET=${secretShown ? clientSecret : "(as given)"}`);
  output.line("  GENESYS_REGION=us-east-1");
  output.line(`  GENESYS_ENDPOINT=${url}`);
  output.line("");
  output.line(`Control: ${url}/_emulator/ (faults, scenario, emit, ledger, reset). Ctrl-C ends it.`);
}

async function untilStopped(stop: StopRequests, durationMs: number | undefined): Promise<void> {
  const clock = systemClock();
  const limit = durationMs ?? Number.MAX_SAFE_INTEGER;
  await delay(clock, limit, stop.soon).catch(() => undefined);
}
