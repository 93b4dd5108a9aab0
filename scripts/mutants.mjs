/**
 * Planted faults (QUEUE.md, section 5.4): each is put into a temporary copy of the sources, one at a time, and the suites
 * of the work queue run on it. A suite counts only if it catches each of them. Exit 1 when one is missed.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SUITES = [
  "test/conformance/memory-store.test.ts",
  "test/property/work-queue.test.ts",
  "test/property/shares.test.ts",
];

/** `find` must occur exactly once in `file`. */
const PLANTS = [
  {
    name: "forget to re-rank a lane after settle",
    file: "src/core/lanes.ts",
    find: "this.#state[lane] = inFlight ? BUSY : IDLE;\n    this.#place(lane, this.#rank[lane]!);",
    replace: "this.#state[lane] = inFlight ? BUSY : IDLE;\n    if (inFlight) this.#place(lane, this.#rank[lane]!);",
  },
  {
    name: "no fencing: an old token settles the new lease",
    file: "src/core/leases.ts",
    find: "this.#byToken.delete(this.#tokens[lease]!);",
    replace: "",
  },
  {
    name: "a token is used twice",
    file: "src/core/leases.ts",
    find: "const token = this.#nextToken;",
    replace: "const token = this.#byToken.size + 1;",
  },
  {
    name: "a lane is ranked by its head",
    file: "src/core/lanes.ts",
    find: "this.#standings.add(lane, entry, standing);",
    replace:
      "this.#standings.add(lane, entry, this.#order.first(lane) === entry ? standing : 2 ** 47 * 2 + about.seq);",
  },
  {
    name: "coalesce across a transition",
    file: "src/core/lanes.ts",
    find: "return this.#states.firstKey(group) < this.#transitions.firstKey(lane) ? this.#states.first(group) : NONE;",
    replace: "return this.#states.first(group);",
  },
  {
    name: "the survivor is moved to the older place",
    file: "src/core/lanes.ts",
    find: "this.#order.add(lane, entry, about.seq);",
    replace: "this.#order.add(lane, entry, standing % 2 ** 47);",
  },
  {
    name: "the survivor forgets the standing of those it replaced",
    file: "src/core/sink-queue.ts",
    find: "standing = Math.min(standing, this.#entries.standing(entry));",
    replace: "",
  },
  {
    name: "critical is shed",
    file: "src/core/sink-queue.ts",
    find: "for (let rank = this.#counters.length - 1; rank >= newcomerRank; rank -= 1) {\n      if (this.#settings.neverShed[rank]!) continue;",
    replace: "for (let rank = 0; rank < this.#counters.length; rank += 1) {",
  },
  {
    name: "a refused newcomer has shed after all",
    file: "src/core/sink-queue.ts",
    find: "for (const back of shed.reverse()) this.#attach(back);",
    replace: "",
  },
  {
    name: "a refused newcomer has coalesced after all",
    file: "src/core/sink-queue.ts",
    find: "for (const entry of replaced.reverse()) this.#attach(entry);",
    replace: "",
  },
  {
    name: "what has expired is handed over",
    file: "src/core/sink-queue.ts",
    find: "while (this.#expiries.firstKey(0) <= now) this.#expire(this.#expiries.first(0), now);",
    replace: "",
  },
  {
    name: "retry loses seq: the envelope goes to the end of its lane",
    file: "src/core/sink-queue.ts",
    find: "this.#lanes.attach(this.#entries.lane(entry), entry, envelope, this.#entries.standing(entry));",
    replace:
      "this.#lanes.attach(this.#entries.lane(entry), entry, this.#entries.attempt(entry) > 1 ? { ...envelope, seq: envelope.seq + 1000 } : envelope, this.#entries.standing(entry));",
  },
  {
    name: "coalescing ends a backoff",
    file: "src/core/sink-queue.ts",
    find: "return replaced.length;\n  }",
    replace: "if (replaced.length > 0) this.#lanes.endBackoffs(Infinity);\n    return replaced.length;\n  }",
  },
  {
    name: "a backoff outlives its lane",
    file: "src/core/lanes.ts",
    find: "    this.#backoffs.remove(0, lane);\n    this.#slots.give(lane);",
    replace: "    this.#slots.give(lane);",
  },
  {
    name: "redrive loses class and kept standing",
    file: "src/core/sink-queue.ts",
    find: "const { standing, replaced } = dead;",
    replace:
      "const { replaced } = dead;\n    const standing = standingOf(this.#counters.length - 1, dead.envelope.seq);",
  },
  {
    name: "redrive keeps the expiry",
    file: "src/core/sink-queue.ts",
    find: "const values = { standing, replaced, expiresAt: Infinity, attempt: 1,",
    replace: "const values = { standing, replaced, expiresAt: dead.deadAt, attempt: 1,",
  },
  {
    name: "the last attempt is retried",
    file: "src/core/sink-queue.ts",
    find: "    if (this.#entries.attempt(entry) >= this.#settings.maxAttempts) {\n      this.dead(entry, cause, now);\n      return;",
    replace:
      "    if (this.#entries.attempt(entry) > this.#settings.maxAttempts) {\n      this.dead(entry, cause, now);\n      return;",
  },
  {
    name: "a duplicate is taken",
    file: "src/core/queue-core.ts",
    find: "if (this.#dedup.has(item.id)) {",
    replace: "if (this.#dedup.has(item.id) && this.#admitted < 0) {",
  },
  {
    name: "a refused id is remembered",
    file: "src/core/queue-core.ts",
    find: "if (taken === 0 && refusedBy.length > 0) return",
    replace:
      "if (taken === 0 && refusedBy.length > 0) this.#dedup.remember(item.id, this.#now);\n    if (taken === 0 && refusedBy.length > 0) return",
  },
  {
    name: "the dedup window is one id too long",
    file: "src/core/dedupe.ts",
    find: "if (this.#known.size >= this.#maxCount) this.#forgetOldest();",
    replace: "if (this.#known.size > this.#maxCount) this.#forgetOldest();",
  },
  {
    name: "a lease ends a moment late",
    file: "src/core/leases.ts",
    find: "return this.#ends.firstKey(0) <= now ? this.#ends.first(0) : NONE;",
    replace: "return this.#ends.firstKey(0) < now ? this.#ends.first(0) : NONE;",
  },
  {
    name: "time goes backwards",
    file: "src/core/queue-core.ts",
    find: "if (now > this.#now) this.#now = now;",
    replace: "this.#now = now;",
  },
  {
    name: "a share starves critical",
    file: "src/core/shares.ts",
    find: "if (credit >= ONE && left < soonest) {",
    replace: "if (left < soonest) {",
  },
  {
    name: "a share is never given",
    file: "src/core/shares.ts",
    find: "if (credit >= ONE && left < soonest) {",
    replace: "if (credit >= 4 * ONE && left < soonest) {",
  },
  {
    name: "what strict order gave is held against a class",
    file: "src/core/shares.ts",
    find: "Math.max(0, this.#credits[chosen]! - ONE)",
    replace: "this.#credits[chosen]! - ONE",
  },
  {
    name: "stragglers are forgotten when the first is sought",
    file: "src/core/sorted-runs.ts",
    find: "return head === NONE || this.#keys[top]! < this.#keys[head]! ? top : head;",
    replace: "return head === NONE ? top : head;",
  },
];

const scratch = mkdtempSync(join(tmpdir(), "ringfirst-mutants-"));
let missed = 0;
try {
  for (const folder of ["src", "test"]) cpSync(join(ROOT, folder), join(scratch, folder), { recursive: true });
  for (const file of ["package.json", "vitest.config.ts", "tsconfig.json"])
    cpSync(join(ROOT, file), join(scratch, file));
  symlinkSync(join(ROOT, "node_modules"), join(scratch, "node_modules"));
  if (!passes()) throw new Error("the suites fail without a plant");
  for (const plant of PLANTS) {
    const file = join(scratch, plant.file);
    const source = readFileSync(file, "utf8");
    if (source.split(plant.find).length !== 2)
      throw new Error(`"${plant.name}": the text to replace is not there once`);
    writeFileSync(
      file,
      source.replace(plant.find, () => plant.replace),
    );
    const caught = !passes();
    writeFileSync(file, source);
    if (!caught) missed += 1;
    console.log(`${caught ? "caught" : "MISSED"}  ${plant.name}`);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(`${PLANTS.length - missed} of ${PLANTS.length} caught`);
process.exitCode = missed === 0 ? 0 : 1;

function passes() {
  const vitest = join(scratch, "node_modules", "vitest", "vitest.mjs");
  const run = spawnSync(process.execPath, [vitest, "run", "--bail", "1", ...SUITES], {
    cwd: scratch,
    stdio: "ignore",
    timeout: 180_000,
  });
  return run.status === 0;
}
