/** Who the caller is and what it may do: `GET /api/v2/authorization/subjects/me`, grants with the policies of their roles. */
import type { Directory } from "./directory.ts";
import type { Json } from "./said.ts";

const ROLE = { name: "Events", description: "What programs that listen need", default: false };

/** The client with one role in every division; `showsPolicies` says whether the role's permissions are told. */
export function toSubject(
  clientId: string,
  { divisions }: Directory,
  permissions: readonly string[],
  showsPolicies: boolean,
): Json {
  const role = { id: "role-events", ...ROLE, ...(showsPolicies && { policies: toPolicies(permissions) }) };
  return {
    id: clientId,
    name: "ringfirst emulator",
    grants: divisions.map(({ id, name }) => ({
      subjectId: clientId,
      division: { id, name, homeDivision: name === "Home", selfUri: `/api/v2/authorization/divisions/${id}` },
      role: { ...role, selfUri: `/api/v2/authorization/roles/${role.id}` },
      grantMadeAt: "2026-01-01T00:00:00.000Z",
    })),
    version: 1,
  };
}

/** `domain:entity:action`, with the actions of each entity together. */
function toPolicies(permissions: readonly string[]): readonly Json[] {
  const actions = new Map<string, string[]>();
  for (const permission of [...permissions].sort((a, b) => a.localeCompare(b))) {
    const cut = permission.lastIndexOf(":");
    const entity = permission.slice(0, cut);
    actions.set(entity, [...(actions.get(entity) ?? []), permission.slice(cut + 1)]);
  }
  return Array.from(actions, ([entity, list]) => {
    const [domain, entityName] = entity.split(":");
    return { domain, entityName, actions: list, allowConditions: false };
  });
}
