/** What a change of staff may say: people and queues that come and go, and who is a member of what. */
import { RingfirstError } from "../errors.ts";
import { asObject } from "./answer.ts";

/** Those that are meant: ids or names, or so many of the last. */
export type StaffChoice = number | readonly string[];

/** A change of staff; its parts are done in this order. */
export interface StaffChange {
  /** So many new queues, or queues of these names. */
  readonly queues?: { readonly add?: StaffChoice; readonly remove?: StaffChoice };
  /** New people (so many, or of these names) are members of no queue; who is removed or deactivated leaves all of theirs. */
  readonly users?: {
    readonly add?: StaffChoice;
    readonly remove?: StaffChoice;
    readonly deactivate?: StaffChoice;
    readonly activate?: StaffChoice;
  };
  /** People of one queue. */
  readonly members?: { readonly queue: string; readonly add?: StaffChoice; readonly remove?: StaffChoice };
}

const PARTS: Readonly<Record<string, readonly string[]>> = {
  queues: ["add", "remove"],
  users: ["add", "remove", "deactivate", "activate"],
  members: ["queue", "add", "remove"],
};
const MAX_AT_ONCE = 1000;

/** What is wrong with a change; `undefined` when it is one. Whether those whom it names are there is seen when it is done. */
export function complainOfStaff(value: unknown): string | undefined {
  const change = asObject(value);
  if (change === undefined) return "a change of staff is an object: { users: { add: 2 } }";
  if (Object.keys(change).length === 0) return `a change of staff has one or more of ${Object.keys(PARTS).join(", ")}`;
  for (const [name, part] of Object.entries(change)) {
    const deeds = Object.hasOwn(PARTS, name) ? PARTS[name] : undefined;
    if (deeds === undefined) return `a change of staff has no ${name}; it may have ${Object.keys(PARTS).join(", ")}`;
    const complaint = complainOfPart(name, asObject(part) ?? {}, deeds);
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}

function complainOfPart(
  name: string,
  part: Readonly<Record<string, unknown>>,
  deeds: readonly string[],
): string | undefined {
  const given = Object.entries(part);
  if (given.length === 0) return `${name} has one or more of ${deeds.join(", ")}`;
  if (name === "members" && typeof part["queue"] !== "string") return "members needs a queue: its id or name";
  for (const [deed, choice] of given) {
    if (!deeds.includes(deed)) return `${name} has no ${deed}; it may have ${deeds.join(", ")}`;
    if (deed !== "queue" && !isChoice(choice))
      return `${name}.${deed} must be a number from 1 to ${MAX_AT_ONCE}, or a list of ids or names`;
  }
  return undefined;
}

function isChoice(value: unknown): value is StaffChoice {
  if (Array.isArray(value))
    return value.length > 0 && value.length <= MAX_AT_ONCE && value.every((one) => typeof one === "string");
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_AT_ONCE;
}

/** @throws RingfirstError `RF_OPTION_INVALID` */
export function checkStaff(value: unknown): StaffChange {
  const complaint = complainOfStaff(value);
  if (complaint !== undefined) throw new RingfirstError("RF_OPTION_INVALID", complaint);
  return value as StaffChange;
}
