/** What a topic asks of the client that subscribes to it, and whether a client with given permissions has it. */

/** One condition of a topic. */
export type Requirement =
  | { readonly kind: "permissions"; readonly rule: "all" | "any"; readonly permissions: readonly string[] }
  /** Only the user whom the topic is about: never a client with client credentials. */
  | { readonly kind: "current-user" }
  /** Only a user who takes part in the conversation. */
  | { readonly kind: "participant" };

/** The conditions of a topic: each of them, or one of them. */
export interface Requirements {
  readonly rule: "all" | "any";
  readonly conditions: readonly Requirement[];
}

/** Nothing is asked, or nothing is known to be. */
export const NO_REQUIREMENTS: Requirements = { rule: "all", conditions: [] };

/** Whether a client fulfils the requirements. */
export type Verdict =
  | { readonly kind: "met" }
  /** These would do. */
  | { readonly kind: "missing"; readonly permissions: readonly string[]; readonly rule: "all" | "any" }
  /** No permission helps a client that logs in by itself. */
  | { readonly kind: "never"; readonly why: string };

/** Judges them for a client that logs in by client credentials. */
export function judge({ rule, conditions }: Requirements, has: (permission: string) => boolean): Verdict {
  const verdicts = conditions.map((condition) => judgeOne(condition, has));
  const bad = verdicts.filter((verdict) => verdict.kind !== "met");
  if (bad.length === 0 || (rule === "any" && bad.length < verdicts.length)) return { kind: "met" };
  const missing = bad.filter((verdict) => verdict.kind === "missing");
  const never = bad.find((verdict) => verdict.kind === "never");
  if (never !== undefined && (rule === "all" || missing.length === 0)) return never;
  const [only] = missing;
  if (only !== undefined && missing.length === 1) return only;
  return { kind: "missing", rule, permissions: [...new Set(missing.flatMap(({ permissions }) => permissions))] };
}

function judgeOne(condition: Requirement, has: (permission: string) => boolean): Verdict {
  switch (condition.kind) {
    case "current-user":
      return {
        kind: "never",
        why: "only the user whom it is about may subscribe to it, no client that logs in by itself",
      };
    case "participant":
      return { kind: "never", why: "only a user who takes part in the conversation may subscribe to it" };
    case "permissions": {
      const { rule, permissions } = condition;
      const missing = permissions.filter((permission) => !has(permission));
      const met = missing.length === 0 || (rule === "any" && missing.length < permissions.length);
      return met ? { kind: "met" } : { kind: "missing", permissions: missing, rule };
    }
  }
}

/** For people: `all of a, b`; "" for none. */
export function describeRequirements({ rule, conditions }: Requirements): string {
  return conditions.map(describeOne).join(rule === "all" ? "; and " : "; or ");
}

function describeOne(condition: Requirement): string {
  switch (condition.kind) {
    case "current-user":
      return "the user in person";
    case "participant":
      return "a participant of the conversation";
    case "permissions": {
      const list = condition.permissions.join(", ");
      return condition.permissions.length > 1 ? `${condition.rule} of ${list}` : list;
    }
  }
}

/** Every permission that the requirements name. */
export function permissionsOf({ conditions }: Requirements): readonly string[] {
  return [...new Set(conditions.flatMap((one) => (one.kind === "permissions" ? one.permissions : [])))];
}
