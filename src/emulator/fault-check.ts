/**
 * Requests for faults, read and checked against the list.
 *
 * N1. What is wrong with a request is told when it is made, with what is allowed: once the fault acts, nobody is there to hear it.
 * N2. A parameter that a fault does not know is refused too: a misspelt one would be a fault that never happens.
 */
import { RingfirstError } from "../errors.ts";
import { readDuration } from "./duration.ts";
import type { FaultKind, FaultName } from "./fault-list.ts";
import { FAULTS } from "./fault-list.ts";
import type { Parameter } from "./fault-parameters.ts";

/** A fault that is wanted; further members are its parameters. */
export interface FaultRequest {
  readonly fault: string;
  readonly [parameter: string]: unknown;
}

/** A request that was checked: the name as it is listed, lengths of time in milliseconds. */
export interface CheckedFault {
  readonly name: FaultName;
  readonly kind: FaultKind;
  readonly request: FaultRequest;
}

/** Every fault with its parameters, for people. */
export function listFaults(): Readonly<Record<string, unknown>> {
  const toText = ([name, parameter]: [string, Parameter]): [string, string] => [name, parameter.allowed];
  return Object.fromEntries(
    Object.entries(FAULTS).map(([name, { kind, about, parameters }]) => [
      name,
      { on: kind, about, parameters: Object.fromEntries(Object.entries(parameters).map(toText)) },
    ]),
  );
}

/**
 * Reads a request.
 *
 * @throws RingfirstError `RF_OPTION_INVALID`; its details name the parameter.
 */
export function checkFault(request: FaultRequest): CheckedFault {
  const name = faultName(request.fault);
  const { kind, parameters } = FAULTS[name];
  const checked: Record<string, unknown> = { fault: name };
  for (const [key, value] of Object.entries(request)) {
    if (key === "fault" || value === undefined) continue;
    const parameter = Object.hasOwn(parameters, key) ? parameters[key] : undefined;
    if (parameter === undefined) {
      const allowed = Object.keys(parameters).join(", ");
      throw refusal(key, `${name} has no ${key}; it may have ${allowed}`);
    }
    if (!parameter.isRight(value)) {
      throw refusal(key, `${key} of ${name} must be ${parameter.allowed}; got ${JSON.stringify(value)}`);
    }
    checked[key] = parameter.isDuration === true ? (readDuration(value) ?? value) : value;
  }
  if (name === "permissions_removed" && checked["permissions"] === undefined) {
    throw refusal("permissions", `${name} needs permissions: ${parameters["permissions"]?.allowed}`);
  }
  return { name, kind, request: checked as FaultRequest };
}

/** Names are read without case, `-` and `_` alike. */
function faultName(given: unknown): FaultName {
  const plain = (name: string): string => name.toLowerCase().replaceAll(/[-_]/g, "");
  const found = Object.keys(FAULTS).find((name) => plain(name) === plain(typeof given === "string" ? given : ""));
  if (found !== undefined) return found as FaultName;
  throw refusal("fault", `fault must be one of ${Object.keys(FAULTS).join(", ")}; got ${JSON.stringify(given)}`);
}

function refusal(parameter: string, message: string): RingfirstError {
  return new RingfirstError("RF_OPTION_INVALID", message, { details: { parameter } });
}

/** A parameter that is a text. */
export function textOf(request: FaultRequest, name: string, fallback: string): string {
  const value = request[name];
  return typeof value === "string" ? value : fallback;
}

/** A parameter that is a number. */
export function numberOf(request: FaultRequest, name: string, fallback: number): number {
  const value = request[name];
  return typeof value === "number" ? value : fallback;
}
