/** Snapshots of conversations that contradict what came before: what a fault makes of a body. */
import { asObject } from "./answer.ts";

/** How a snapshot can be odd; the first is the default. */
export const ODD_SNAPSHOTS = ["late-connected", "twin-agent", "backwards", "no-participants", "null-fields"] as const;

type Leg = Record<string, unknown>;

/** What a state was before it. */
const EARLIER: Readonly<Record<string, string>> = {
  connected: "alerting",
  terminated: "connected",
  disconnected: "connected",
};
const ENDS: ReadonlySet<string> = new Set([
  "endTime",
  "disconnectedTime",
  "disconnectType",
  "wrapup",
  "startAcwTime",
  "endAcwTime",
]);

/** The body changed; `undefined` when it is no snapshot of a conversation. */
export function makeOdd(body: unknown, kind: string): unknown {
  const conversation = asObject(body);
  const participants: unknown = conversation?.["participants"];
  if (conversation === undefined || !Array.isArray(participants)) return undefined;
  const legs = participants as readonly Leg[];
  switch (kind) {
    case "late-connected":
      return { ...conversation, participants: legs.map((leg) => deeply(leg, withoutConnectedTime)) };
    case "backwards":
      return { ...conversation, participants: legs.map((leg) => deeply(leg, oneStateBack)) };
    case "null-fields":
      return {
        ...conversation,
        participants: legs.map((leg) => ({ ...leg, wrapup: null, attributes: null, endTime: null })),
      };
    case "twin-agent":
      return { ...conversation, participants: legs.flatMap(twins) };
    default:
      return { ...conversation, participants: [] };
  }
}

/** Changes a leg and, in the generic shape, its communications, which carry the state there. */
function deeply(leg: Leg, change: (part: Leg) => Leg): Leg {
  const communications = Object.entries(leg)
    .filter(([name, value]) => name !== "mediaRoles" && Array.isArray(value))
    .map(([name, value]) => [name, (value as readonly Leg[]).map(change)]);
  return { ...change(leg), ...Object.fromEntries(communications) };
}

function withoutConnectedTime(leg: Leg): Leg {
  return Object.fromEntries(Object.entries(leg).filter(([name]) => name !== "connectedTime"));
}

function oneStateBack(leg: Leg): Leg {
  const state = String(leg["state"]);
  const earlier = { ...leg, ...(EARLIER[state] !== undefined && { state: EARLIER[state] }) };
  return Object.fromEntries(Object.entries(earlier).filter(([name]) => !ENDS.has(name)));
}

/** An agent's leg, and the same agent once more under another id. */
function twins(leg: Leg): readonly Leg[] {
  if (leg["purpose"] !== "agent") return [leg];
  const id = String(leg["id"]);
  return [{ ...leg, id: `${id.slice(0, -4)}ffff` }, leg];
}
