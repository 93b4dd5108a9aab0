/** A function run in a process of its own, so that the memory and the compiled code that are measured are its own. */
import { fork } from "node:child_process";
import { once } from "node:events";

if (process.argv[2] === "--scenario") {
  const { run } = (await import(process.argv[3] ?? "")) as { run: (settings: unknown) => Promise<unknown> };
  process.send?.(await run(JSON.parse(process.argv[4] ?? "null")));
  process.disconnect();
}

/** What `run` of that module answers; it must survive being written as JSON. */
export async function inOwnProcess<Answer>(module: URL, settings: unknown): Promise<Answer> {
  const args = ["--scenario", module.href, JSON.stringify(settings)];
  const child = fork(new URL(import.meta.url), args, { execArgv: ["--expose-gc"] });
  const answer = once(child, "message").then(([message]) => message as Answer);
  const ended = once(child, "exit").then(([code]): never => {
    throw new Error(`${module.pathname} ended (${code}) without an answer`);
  });
  const answered = await Promise.race([answer, ended]);
  await ended.catch(() => undefined);
  return answered;
}
