/**
 * What a scenario may say, and how one is read: a plain value (from YAML, JSON or code) in, steps or complaints out.
 *
 * A complaint carries the path of what it is about, so that a program that knows the file can tell the line.
 */
import { isRingfirstError, RingfirstError } from "../errors.ts";
import { asObject } from "./answer.ts";
import { readDuration } from "./duration.ts";
import { complainOfFrame } from "./provider-frame.ts";
import type { FaultRequest } from "./fault-check.ts";
import { checkFault } from "./fault-check.ts";
import type { StaffChange } from "./staff-change.ts";
import { complainOfStaff } from "./staff-change.ts";

/** A length of time: `"500ms"`, `"10s"`, `"2m"`, `"1h"`, or a number of milliseconds. */
export type ScenarioDuration = string | number;

/**
 * A step: an instant and what happens then, which is one of `fault` (with its parameters beside it), `faults`, `emit`, `staff`, `traffic`,
 * `clear`, `note`.
 */
export interface ScenarioStep {
  /** When, from the beginning of the round. */
  readonly at: ScenarioDuration;
  /** Up to so much later, by the seed. @defaultValue `0` */
  readonly within?: ScenarioDuration;
  /** Again after so long, `times` in all. */
  readonly every?: ScenarioDuration;
  /** How often in a round. @defaultValue `1` */
  readonly times?: number;
  /** How long the fault lasts; the same as its `forMs`. */
  readonly for?: ScenarioDuration;
  /** A fault; its parameters are further members of the step. */
  readonly fault?: string;
  /** Several faults at once. */
  readonly faults?: readonly FaultRequest[];
  /** Frames to send, as `emit` takes them. */
  readonly emit?: unknown;
  /** People and queues that come and go. */
  readonly staff?: StaffChange;
  /** Holds the traffic or lets it go on. */
  readonly traffic?: boolean;
  /** Ends all faults. */
  readonly clear?: true;
  /** A line for the log. */
  readonly note?: string;
  readonly [parameter: string]: unknown;
}

/** What happens to a centre, and when. */
export interface Scenario {
  readonly name?: string;
  /** Of what is left to chance in it. @defaultValue `1` */
  readonly seed?: number;
  /** When its time begins: with the emulator, or with the first socket. @defaultValue `"listen"` */
  readonly begin?: "listen" | "first-socket";
  /** Rounds. @defaultValue `1` */
  readonly repeat?: number | "forever";
  /** Length of a round. @defaultValue until its last step, and as long as that lasts */
  readonly every?: ScenarioDuration;
  readonly steps: readonly ScenarioStep[];
}

/** What a step does. */
export type ScenarioAction =
  | { readonly kind: "faults"; readonly requests: readonly FaultRequest[] }
  | { readonly kind: "emit"; readonly frames: readonly unknown[] }
  | { readonly kind: "staff"; readonly change: unknown }
  | { readonly kind: "traffic"; readonly running: boolean }
  | { readonly kind: "clear" }
  | { readonly kind: "note" };

/** A step that was read. */
export interface ReadStep {
  readonly atMs: number;
  readonly withinMs: number;
  readonly everyMs: number;
  readonly times: number;
  readonly action: ScenarioAction;
  /** For people. */
  readonly text: string;
}

/** A scenario that was read. */
export interface ReadScenario {
  readonly name: string;
  readonly seed: number;
  readonly begin: "listen" | "first-socket";
  readonly repeat: number;
  readonly roundMs: number;
  readonly steps: readonly ReadStep[];
}

/** What is wrong, and where. */
export interface ScenarioProblem {
  /** `["steps", 2, "fault"]`; empty for the whole. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

type Report = (path: readonly (string | number)[], message: string) => void;
type Members = Readonly<Record<string, unknown>>;

const MEMBERS = ["name", "seed", "begin", "repeat", "every", "steps"];
const STEP_MEMBERS = ["at", "within", "every", "times", "for"];
const DEEDS = ["fault", "faults", "emit", "staff", "traffic", "clear", "note"] as const;
const MAX_STEPS = 10_000;
const DURATION = "a length of time like 500ms, 10s, 2m, 1h, or a number of milliseconds";

/** Reads a scenario; never throws. Where there are problems, the scenario is not to be used. */
export function inspectScenario(value: unknown): {
  readonly scenario: ReadScenario;
  readonly problems: readonly ScenarioProblem[];
} {
  const problems: ScenarioProblem[] = [];
  const report: Report = (path, message) => problems.push({ path, message });
  const given = asObject(value) ?? {};
  if (asObject(value) === undefined) report([], "a scenario is an object with steps");
  for (const name of Object.keys(given))
    if (!MEMBERS.includes(name)) report([name], `a scenario has no ${name}; it may have ${MEMBERS.join(", ")}`);
  const seed = given["seed"] ?? 1;
  if (!isWhole(seed, 0, 2 ** 32 - 1)) report(["seed"], `seed must be a whole number from 0 to ${2 ** 32 - 1}`);
  const begin = given["begin"] ?? "listen";
  if (begin !== "listen" && begin !== "first-socket") report(["begin"], "begin must be listen or first-socket");
  const repeat = given["repeat"] ?? 1;
  if (repeat !== "forever" && !isWhole(repeat, 1, 1_000_000))
    report(["repeat"], "repeat must be a whole number from 1, or forever");
  const list = given["steps"];
  if (!Array.isArray(list) || list.length === 0 || list.length > MAX_STEPS)
    report(["steps"], `steps must be a list of 1 to ${MAX_STEPS} steps`);
  const steps = (Array.isArray(list) ? list : []).map((step, at) => readStep(step, ["steps", at], report));
  const lastMs = Math.max(0, ...steps.map(endOf));
  const roundMs = given["every"] === undefined ? lastMs : durationAt(given["every"], ["every"], report);
  if (repeat !== 1 && roundMs === 0) report(["repeat"], "a round without length can't repeat: give it an every");
  const scenario: ReadScenario = {
    name: typeof given["name"] === "string" ? given["name"] : "scenario",
    seed: Number(seed),
    begin: begin === "first-socket" ? "first-socket" : "listen",
    repeat: repeat === "forever" ? Infinity : Number(repeat),
    roundMs,
    steps,
  };
  return { scenario, problems };
}

/**
 * Reads a scenario.
 *
 * @throws RingfirstError `RF_OPTION_INVALID` with every complaint in it.
 */
export function readScenario(value: unknown): ReadScenario {
  const { scenario, problems } = inspectScenario(value);
  if (problems.length === 0) return scenario;
  const lines = problems.map(({ path, message }) => (path.length === 0 ? message : `${showPath(path)}: ${message}`));
  throw new RingfirstError("RF_OPTION_INVALID", `the scenario can't be played: ${lines.join("; ")}`);
}

function readStep(value: unknown, path: readonly (string | number)[], report: Report): ReadStep {
  const step = asObject(value) ?? {};
  if (asObject(value) === undefined) report(path, "a step is an object: { at: 10s, fault: close }");
  const duration = (name: string): number =>
    step[name] === undefined ? 0 : durationAt(step[name], [...path, name], report);
  if (step["at"] === undefined) report([...path, "at"], `at is missing: ${DURATION}`);
  const times = step["times"] ?? 1;
  if (!isWhole(times, 1, 1_000_000)) report([...path, "times"], "times must be a whole number of at least 1");
  const everyMs = duration("every");
  if (times !== 1 && everyMs === 0)
    report([...path, "every"], "every must say how long it is from one time to the next");
  if (step["every"] !== undefined && step["times"] === undefined)
    report([...path, "times"], "times must say how often: every alone never ends");
  const forMs = step["for"] === undefined ? undefined : duration("for");
  const action = readDeed(step, path, forMs, report);
  return {
    atMs: duration("at"),
    withinMs: duration("within"),
    everyMs,
    times: Number(times),
    action,
    text: describe(step, action),
  };
}

function readDeed(
  step: Members,
  path: readonly (string | number)[],
  forMs: number | undefined,
  report: Report,
): ScenarioAction {
  const deeds = DEEDS.filter((name) => step[name] !== undefined);
  const deed = deeds[0];
  if (deed === undefined || deeds.length > 1) {
    report(
      path,
      `a step does one of ${DEEDS.join(", ")}; this one has ${deeds.length === 0 ? "none" : deeds.join(" and ")}`,
    );
    return { kind: "note" };
  }
  if (deed === "fault") return { kind: "faults", requests: [readFault(parametersOf(step, forMs), path, report)] };
  for (const name of Object.keys(step))
    if (name !== deed && !STEP_MEMBERS.includes(name))
      report([...path, name], `a step with ${deed} has no ${name}; it may have ${STEP_MEMBERS.join(", ")}`);
  if (deed === "faults") return readFaults(step["faults"], [...path, "faults"], forMs, report);
  if (forMs !== undefined) report([...path, "for"], "only faults last: for has no meaning here");
  return readOther(deed, step[deed], [...path, deed], report);
}

function readOther(
  deed: "emit" | "staff" | "traffic" | "clear" | "note",
  value: unknown,
  path: readonly (string | number)[],
  report: Report,
): ScenarioAction {
  if (deed === "traffic") {
    if (typeof value !== "boolean") report(path, "traffic must be true or false");
    return { kind: "traffic", running: value === true };
  }
  if (deed === "staff") {
    const complaint = complainOfStaff(value);
    if (complaint !== undefined) report(path, complaint);
    return { kind: "staff", change: value };
  }
  if (deed !== "emit") {
    if (deed === "clear" && value !== true) report(path, "clear must be true");
    return { kind: deed };
  }
  const frames: readonly unknown[] = Array.isArray(value) ? value : [value];
  frames.forEach((frame, at) => {
    const complaint = complainOfFrame(frame);
    if (complaint !== undefined) report(Array.isArray(value) ? [...path, at] : path, complaint);
  });
  return { kind: "emit", frames };
}

function readFaults(
  value: unknown,
  path: readonly (string | number)[],
  forMs: number | undefined,
  report: Report,
): ScenarioAction {
  if (!Array.isArray(value)) report(path, "faults must be a list: [{ fault: close }]");
  const requests = (Array.isArray(value) ? value : []).map((item, at) =>
    readFault({ ...(forMs !== undefined && { forMs }), ...asObject(item) }, [...path, at], report),
  );
  return { kind: "faults", requests };
}

function readFault(request: Members, path: readonly (string | number)[], report: Report): FaultRequest {
  try {
    return checkFault(request as FaultRequest).request;
  } catch (error) {
    if (!isRingfirstError(error)) throw error;
    const parameter = String(error.details["parameter"]);
    report([...path, parameter === "forMs" ? "for" : parameter], error.message);
    return request as FaultRequest;
  }
}

/** What of a step belongs to its fault. */
function parametersOf(step: Members, forMs: number | undefined): Members {
  const own = Object.entries(step).filter(([name]) => !STEP_MEMBERS.includes(name));
  return { ...Object.fromEntries(own), ...(forMs !== undefined && { forMs }) };
}

function durationAt(value: unknown, path: readonly (string | number)[], report: Report): number {
  const read = readDuration(value);
  if (read === undefined) report(path, `${String(path.at(-1))} must be ${DURATION}; got ${JSON.stringify(value)}`);
  return read ?? 0;
}

/** When a step is over, in its round. */
function endOf({ atMs, withinMs, everyMs, times, action }: ReadStep): number {
  const lasting = action.kind === "faults" ? action.requests.map(({ forMs }) => Number(forMs ?? 0)) : [];
  return atMs + withinMs + everyMs * (times - 1) + Math.max(0, ...lasting);
}

function describe(step: Members, action: ScenarioAction): string {
  switch (action.kind) {
    case "faults":
      return action.requests.map(describeFault).join(", ");
    case "emit":
      return `emit ${action.frames.length} ${action.frames.length === 1 ? "frame" : "frames"}`;
    case "staff":
      return `staff ${JSON.stringify(action.change)}`;
    case "traffic":
      return `traffic ${action.running ? "on" : "off"}`;
    case "clear":
      return "clear all faults";
    case "note":
      return typeof step["note"] === "string" ? step["note"] : "";
    default:
      return action satisfies never;
  }
}

function describeFault({ fault, ...parameters }: FaultRequest): string {
  const text = Object.entries(parameters).map(([name, value]) => `${name} ${String(value)}`);
  return text.length === 0 ? fault : `${fault} (${text.join(", ")})`;
}

function showPath(path: readonly (string | number)[]): string {
  return path.map((part, at) => (typeof part === "number" ? `[${part}]` : `${at === 0 ? "" : "."}${part}`)).join("");
}

function isWhole(value: unknown, min: number, max: number): boolean {
  return Number.isInteger(value) && Number(value) >= min && Number(value) <= max;
}
