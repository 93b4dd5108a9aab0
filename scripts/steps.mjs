/**
 * The steps of `npm run check` and `npm test`, as data: name, what it runs, and what it needs of the machine.
 *
 * A step is either a `tool` (its exit code decides, its output is shown when it fails) or a `suite` (a vitest project, whose
 * own counts are added up), or a `task` of these scripts.
 */
import { BootstrapError, build } from "./bootstrap.mjs";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

const tool = (name, packageName, args, command = packageName) => ({
  name,
  kind: "tool",
  packageName,
  command,
  args,
  limitMs: 3 * MINUTE,
});
const suite = (name, limitMs) => ({ name, kind: "suite", project: name, limitMs });

/** Every step, in the order in which they run: the quick and telling ones first. */
const STEPS = [
  tool("format", "oxfmt", ["--check", "."]),
  tool("lint", "oxlint", ["--type-aware", "--deny-warnings"]),
  tool("types", "typescript", ["--noEmit", "-p", "."], "tsc"),
  suite("unit", 2 * MINUTE),
  tool("unused", "knip", ["--no-progress"]),
  { name: "build", kind: "task", run: build, limitMs: MINUTE },
  tool("publint", "publint", ["--strict"]),
  tool("attw", "@arethetypeswrong/cli", ["--pack", ".", "--profile", "esm-only", "--no-emoji"], "attw"),
  suite("package", 3 * MINUTE),
  suite("conformance", 3 * MINUTE),
  suite("property", 4 * MINUTE),
  suite("crash", 2 * MINUTE),
  suite("simulation", 3 * MINUTE),
  suite("faults", 4 * MINUTE),
  suite("e2e", 4 * MINUTE),
];

const CHECK = ["format", "lint", "types", "unit", "unused", "build", "publint", "attw", "package"];

/** The steps that were asked for: all, `check`, or some by name. */
export function stepsFor(names) {
  if (names.length === 0) return STEPS;
  const wanted = new Set(names.flatMap((name) => (name === "check" ? CHECK : [name])));
  const unknown = [...wanted].filter((name) => !STEPS.some((step) => step.name === name));
  if (unknown.length > 0) {
    throw new BootstrapError(
      `unknown: ${unknown.join(", ")}; there are: check, ${STEPS.map((step) => step.name).join(", ")}`,
    );
  }
  return STEPS.filter((step) => wanted.has(step.name));
}

/**
 * Programs of the machine that a step can't do without, by their Debian packages. Nothing is listed before a test uses it.
 * `{ program, debian, step, reason }`
 */
export const MACHINE_NEEDS = [];
