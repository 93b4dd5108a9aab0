/**
 * Which permissions the client has, where the platform says so (`GET /api/v2/authorization/subjects/me`: the caller's grants with the
 * policies of their roles; it needs no permission). Not everything that speaks the wire knows this call, so the answer may be that it is not known.
 */
import type { GenesysApi } from "../../sources/genesys/rest.ts";

/** What the client may do. */
export type Holdings =
  | { readonly kind: "known"; readonly roles: readonly string[]; has(permission: string): boolean }
  | { readonly kind: "unknown"; readonly why: string };

interface Policy {
  readonly domain: string;
  readonly entity: string;
  readonly actions: readonly string[];
}

/** Asks. */
export async function askHoldings(api: GenesysApi): Promise<Holdings> {
  const answer = await api.call({ method: "GET", path: "/api/v2/authorization/subjects/me" });
  if (answer.kind !== "ok") return { kind: "unknown", why: "the platform does not tell the client's permissions" };
  return readHoldings(answer.json);
}

/** Reads an answer. */
export function readHoldings(json: unknown): Holdings {
  const grants = asRecord(json)["grants"];
  if (!Array.isArray(grants)) return { kind: "unknown", why: "the platform does not tell the client's permissions" };
  const roles = grants.map((grant) => asRecord(asRecord(grant)["role"]));
  // Roles without their policies say nothing of what the client may do: better unknown than "nothing".
  if (roles.length > 0 && roles.every(({ policies }) => !Array.isArray(policies))) {
    return { kind: "unknown", why: "the platform tells the client's roles without their permissions" };
  }
  const policies = roles.flatMap(({ policies: list }) => (Array.isArray(list) ? list.map(readPolicy) : []));
  const names = roles.flatMap(({ name }) => (typeof name === "string" ? [name] : []));
  return {
    kind: "known",
    roles: [...new Set(names)],
    has: (permission) => policies.some((one) => allows(one, permission)),
  };
}

function allows({ domain, entity, actions }: Policy, permission: string): boolean {
  const [wantedDomain = "", wantedEntity = "", wantedAction = ""] = permission.split(":");
  return (
    fits(domain, wantedDomain) && fits(entity, wantedEntity) && actions.some((action) => fits(action, wantedAction))
  );
}

function fits(held: string, wanted: string): boolean {
  return held === "*" || held.toLowerCase() === wanted.toLowerCase();
}

function readPolicy(value: unknown): Policy {
  const { domain, entityName, actions } = asRecord(value);
  return {
    domain: typeof domain === "string" ? domain : "",
    entity: typeof entityName === "string" ? entityName : "",
    actions: Array.isArray(actions) ? actions.filter((one) => typeof one === "string") : [],
  };
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
