/** Permissions and places in the words of Genesys Cloud's admin screens. */

/** Where the OAuth client is. */
export const CLIENT_PLACE = "Admin > Integrations > OAuth > your client";
const ROLE_PLACE = "Admin > People & Permissions > Roles / Permissions";

const PERMISSION = /\b[a-z][\w-]*:[\w*-]+:[\w*-]+/giu;

/** The permissions that a text of the platform names. */
export function permissionsIn(text: string): readonly string[] {
  return [...new Set(text.match(PERMISSION))];
}

/** `routing:queue:view` is `Routing > Queue > View`, as the list of a role's permissions has it. */
export function permissionWords(permission: string): string {
  return permission
    .split(":")
    .map((part) => (part === "*" ? "All Permissions" : titled(part)))
    .join(" > ");
}

function titled(word: string): string {
  return word
    .replaceAll(/([a-z\d])([A-Z])/gu, "$1 $2")
    .split(/[\s_-]+/u)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join(" ");
}

/** The steps that give the client what it lacks. */
export function grantSteps(permissions: readonly string[], rule: "all" | "any" = "all"): readonly string[] {
  if (permissions.length === 0) return [`look at the client's roles: ${CLIENT_PLACE} > Roles`];
  const glue = rule === "any" ? " or " : ", ";
  const list = permissions.map((permission) => `${permissionWords(permission)} (${permission})`).join(glue);
  return [
    `${ROLE_PLACE} > a role for this client > Permissions: tick ${list}, save`,
    `${CLIENT_PLACE} > Roles: tick that role, with the divisions that the client shall see, save`,
  ];
}
