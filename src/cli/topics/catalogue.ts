/**
 * The topics that there are: by an account (`availabletopics`, docs/protocol.md, 4.3), else by the table that comes with ringfirst.
 *
 * The account's list is the truth for that account; the table knows names, and permissions for a few of them only.
 */
import { RingfirstError } from "../../errors.ts";
import type { ApiAnswer, GenesysApi } from "../../sources/genesys/rest.ts";
import TEMPLATES from "../../wire/genesys-topics.json" with { type: "json" };
import { NO_REQUIREMENTS, type Requirement, type Requirements } from "./requirement.ts";

/** One topic of the list. */
export interface CatalogueTopic {
  /** `v2.users.{id}.presence` */
  readonly id: string;
  readonly description: string;
  readonly requirements: Requirements;
  /** `Websocket`, `EventBridge`, `ProcessAutomation`, `All`; empty where it is not known. */
  readonly transports: readonly string[];
  /** What stands for `{id}`, in order. */
  readonly parameters: readonly string[];
  readonly preview: boolean;
  /** JSON Schema of the body; undefined where it was not asked for, or the topic has none. */
  readonly schema: unknown;
}

/** What may be left out of the answer to keep it small. */
const FACTS = [
  "description",
  "enforced",
  "visibility",
  "transports",
  "requiresPermissions",
  "permissionDetails",
  "topicParameters",
];

const PATH = "/api/v2/notifications/availabletopics";

/** The answer to {@link askCatalogue}. */
export type CatalogueAnswer =
  | { readonly kind: "topics"; readonly topics: readonly CatalogueTopic[] }
  | Exclude<ApiAnswer, { readonly kind: "ok" }>;

/** The account's own list, sorted; with the schemas of the bodies where they are wanted. */
export async function askCatalogue(api: GenesysApi, withSchemas = false): Promise<CatalogueAnswer> {
  const expand = [...FACTS, ...(withSchemas ? ["schema"] : [])].join(",");
  const answer = await api.call({ method: "GET", path: `${PATH}?expand=${expand}` });
  if (answer.kind !== "ok") return answer;
  const topics = readTopics(answer.json);
  if (topics === undefined) return { kind: "failed", reason: `GET ${PATH}: the platform answered without a list` };
  return { kind: "topics", topics };
}

/** The same, for commands that have nothing to say without it. @throws RingfirstError `RF_PLATFORM` */
export async function requireCatalogue(api: GenesysApi, withSchemas: boolean): Promise<readonly CatalogueTopic[]> {
  const answer = await askCatalogue(api, withSchemas);
  if (answer.kind === "topics") return answer.topics;
  throw new RingfirstError("RF_PLATFORM", `the topics can't be read: ${answer.reason}`, {
    retryable: answer.kind === "failed",
  });
}

/** The answer of `availabletopics`, or its list alone; undefined where it is neither. */
export function readTopics(json: unknown): readonly CatalogueTopic[] | undefined {
  const list = Array.isArray(json) ? (json as unknown[]) : asRecord(json)["entities"];
  if (!Array.isArray(list)) return undefined;
  return list
    .map(asRecord)
    .filter(({ id }) => typeof id === "string" && id !== "")
    .map(readTopic)
    .sort(byId);
}

/** The table that comes with ringfirst. */
export function builtInTopics(): readonly CatalogueTopic[] {
  return (TEMPLATES as readonly Readonly<Record<string, unknown>>[])
    .filter(({ subscribable }) => subscribable !== false)
    .map((template): CatalogueTopic => ({
      id: textOf(template["topic"]),
      description: textOf(template["description"]),
      requirements: permissionsAs(template["permissionRule"] === "any" ? "any" : "all", template["permissions"]),
      transports: textsOf(template["transports"]),
      parameters: textsOf(template["parameters"]),
      preview: template["legacy"] === true,
      schema: undefined,
    }))
    .sort(byId);
}

/** The template that a topic is made from; `{*}` and concrete ids fit `{id}`, case does not matter. */
export function templateOf(topic: string, topics: readonly CatalogueTopic[]): CatalogueTopic | undefined {
  const parts = topic.toLowerCase().split(".");
  const fitting = topics.filter(({ id }) => {
    const pattern = id.toLowerCase().split(".");
    return pattern.length === parts.length && pattern.every((part, at) => isPlace(part) || part === parts[at]);
  });
  // Of several the one with more words of its own: `v2.conversations.chats.{id}…` before `v2.conversations.{id}.{id}…`.
  return fitting.toSorted((a, b) => placesIn(a.id) - placesIn(b.id))[0];
}

/** `a?b&c` is `a.b` and `a.c`; anything else is itself. */
export function singleTopics(topic: string): readonly string[] {
  const [prefix = "", contents] = topic.split("?", 2);
  return contents === undefined ? [topic] : contents.split("&").map((part) => `${prefix}.${part}`);
}

function isPlace(part: string): boolean {
  return part.startsWith("{") && part.endsWith("}");
}

function placesIn(id: string): number {
  return id.split(".").filter(isPlace).length;
}

function readTopic(entity: Readonly<Record<string, unknown>>): CatalogueTopic {
  return {
    id: textOf(entity["id"]),
    description: textOf(entity["description"]),
    requirements: readRequirements(entity),
    transports: textsOf(entity["transports"]),
    parameters: textsOf(entity["topicParameters"]),
    preview: entity["visibility"] === "Preview",
    schema: entity["schema"],
  };
}

/** The details say it best; older answers have flat members only. */
function readRequirements(entity: Readonly<Record<string, unknown>>): Requirements {
  if (entity["enforced"] === false) return NO_REQUIREMENTS;
  const details = Array.isArray(entity["permissionDetails"]) ? entity["permissionDetails"].map(asRecord) : [];
  const rule = entity["requiresAnyValidator"] === true ? "any" : "all";
  const conditions = details.filter(({ enforced }) => enforced !== false).flatMap(readDetail);
  if (details.length > 0) return { rule, conditions };
  const flat = permissionsAs("all", entity["requiresPermissions"]);
  if (entity["requiresCurrentUser"] !== true) return flat;
  const orPermission = entity["requiresCurrentUserOrPermission"] === true;
  return { rule: orPermission ? "any" : "all", conditions: [...flat.conditions, { kind: "current-user" }] };
}

function readDetail({ type, permissions }: Readonly<Record<string, unknown>>): readonly Requirement[] {
  switch (type) {
    case "requiresCurrentUser":
      return [{ kind: "current-user" }];
    case "requiresUserBeConversationParticipant":
      return [{ kind: "participant" }];
    case "requiresAnyDivisionPermissions":
    case "requiresAnyPermissions":
      return permissionsAs("any", permissions).conditions;
    default:
      return permissionsAs("all", permissions).conditions;
  }
}

function permissionsAs(rule: "all" | "any", value: unknown): Requirements {
  const permissions = textsOf(value);
  return permissions.length === 0
    ? NO_REQUIREMENTS
    : { rule: "all", conditions: [{ kind: "permissions", rule, permissions }] };
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

/** By code units: the same everywhere, whatever the machine's language. */
function byId(a: CatalogueTopic, b: CatalogueTopic): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
