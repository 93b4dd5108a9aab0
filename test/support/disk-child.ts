/**
 * A program that uses the store on disk as a service does, to be run where system calls fail (`scripts/disk.mjs`): admits until
 * it has as many answers as asked for, tries again what is refused, empties the queue, and says what it saw as one line of JSON.
 *
 * `node test/support/disk-child.ts <path> <events>`
 */
import { isRingfirstError } from "../../src/errors.ts";
import { sqliteStore } from "../../src/stores/sqlite/index.ts";
import { createWorkQueue } from "../../src/work-queue.ts";

const [path = "", events = "1000"] = process.argv.slice(2);
const wanted = Number(events);
const said: string[] = [];
const logger = {
  debug() {},
  info() {},
  warn() {},
  error: (_: unknown, message: string) => said.push(message),
  child: () => logger,
};
const queue = await createWorkQueue({ sinks: [{ name: "crm" }], store: sqliteStore({ path, sync: "full", logger }) });
const acknowledged = new Set<string>();
const delivered = new Set<string>();
let refused = 0;
for (let n = 0; n < wanted;) {
  const batch = Array.from({ length: 10 }, (_, at) => ({
    id: `e${n + at}`,
    class: "standard",
    key: `k${(n + at) % 9}`,
    payload: new Uint8Array(2_000).fill(1),
    sinks: ["crm"],
  }));
  try {
    await queue.admit(batch);
    for (const { id } of batch) acknowledged.add(id);
    n += 10;
  } catch (error) {
    if (!isRingfirstError(error) || !error.retryable) throw error;
    refused += 1;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
for (;;) {
  const claimed = await queue.claim("crm", { max: 50 });
  if (claimed.length === 0) break;
  for (const { id } of claimed) delivered.add(id);
  await queue.settle(claimed.map(({ token }) => ({ token, result: "ack" })));
}
await queue.close();
const lost = [...acknowledged].filter((id) => !delivered.has(id)).length;
process.stdout.write(`${JSON.stringify({ acknowledged: acknowledged.size, lost, refused, told: said.length })}\n`);
