/**
 * Which topics exist, what they need, and how one entry of a subscription is read (docs/protocol.md, 6).
 *
 * An entry is one topic, or a combined one: `v2.users.{id}?presence&station` stands for its contents. Names are compared without case
 * and delivered in the casing of the template.
 */
import TEMPLATES from "../wire/genesys-topics.json" with { type: "json" };
import { ok } from "./answer.ts";
import type { Answer, ApiRequest } from "./answer.ts";
import type { Permissions } from "./permissions.ts";

/** A template as the catalogue has it. */
interface Template {
  readonly topic: string;
  readonly description: string;
  readonly parameters?: readonly string[];
  readonly transports?: readonly string[];
  readonly permissions?: readonly string[];
  readonly permissionRule?: string;
  readonly schemaClass?: string;
  readonly subscribable?: boolean;
  readonly legacy?: boolean;
}

/** Why a single topic is refused. */
export interface Refusal {
  readonly topic: string;
  readonly status: 400 | 403;
  readonly code: string;
  readonly message: string;
  readonly missingPermissions: readonly string[];
}

/** One entry of a subscription request, read. */
export interface ReadEntry {
  /** As the client wrote it. */
  readonly id: string;
  /** Single topics that may be delivered, in the casing of their templates. */
  readonly granted: readonly string[];
  readonly refused: readonly Refusal[];
}

/** A node of the template tree: literal segments in lower case, and the one for an id. */
interface Node {
  readonly literals: Map<string, { readonly text: string; readonly node: Node }>;
  any: Node | undefined;
  template: Template | undefined;
}

const ID = /^[A-Za-z0-9_:@+~-]+$/;

/** The catalogue of topics with the permissions of one client. */
export interface TopicCatalogue {
  /** Reads one entry; never throws. */
  read(id: string): ReadEntry;
  /** `GET /api/v2/notifications/availabletopics`. */
  answer(request: ApiRequest): Answer;
  /** All permissions that any topic needs. */
  readonly permissions: readonly string[];
}

/** Builds the catalogue for a client with these permissions. */
export function createTopicCatalogue(settings: {
  readonly permissions: Permissions;
  readonly topicPermissions: Readonly<Record<string, readonly string[]>>;
  readonly topicLength: number;
  /** Whether parts of a combined topic may have dots. */
  readonly combinedTakesDots: boolean;
  /** Whether the user or queue of a topic is there. */
  readonly isKnown: (topic: string) => boolean;
}): TopicCatalogue {
  const templates = (TEMPLATES as readonly Template[]).map((template) =>
    withPermissions(template, settings.topicPermissions),
  );
  const root = buildTree(templates);
  const readSingle = (topic: string): string | Refusal => {
    const found = match(root, topic.split("."));
    if (found === undefined) return invalid(topic, `Invalid topic: ${topic}`);
    const { template, name } = found;
    if (template.subscribable === false) return invalid(topic, `Topic can not be subscribed: ${topic}`);
    if (template.transports !== undefined && !template.transports.includes("Websocket")) return wrongTransport(topic);
    if (!settings.isKnown(name)) return invalid(topic, `Invalid topic, no such entity: ${topic}`);
    const missing = missingPermissions(template, settings.permissions);
    return missing.length === 0 ? name : unauthorized(topic, missing);
  };
  return {
    permissions: [...new Set(templates.flatMap(({ permissions = [] }) => permissions))],
    read(id) {
      if (id.length >= settings.topicLength) {
        return { id, granted: [], refused: [invalid(id, `Topic is too long: ${id.length} characters`)] };
      }
      const granted: string[] = [];
      const refused: Refusal[] = [];
      for (const topic of expandCombined(id)) {
        const isDotted = id.includes("?") && id.slice(id.indexOf("?")).includes(".");
        const result =
          isDotted && !settings.combinedTakesDots ? invalid(topic, `Invalid topic: ${id}`) : readSingle(topic);
        if (typeof result === "string") granted.push(result);
        else refused.push(result);
      }
      return { id, granted, refused };
    },
    answer: (request) => {
      const preview = request.query.get("includePreview") !== "false";
      const expand = new Set(request.query.getAll("expand").flatMap((value) => value.split(",")));
      const listed = templates.filter((template) => template.subscribable !== false && (preview || !template.legacy));
      return ok({ entities: listed.map((template) => toAvailableTopic(template, expand)) });
    },
  };
}

/** `a?b&c` is `a.b` and `a.c`; anything else is itself. */
function expandCombined(id: string): readonly string[] {
  const mark = id.indexOf("?");
  if (mark < 0) return [id];
  const prefix = id.slice(0, mark);
  return id
    .slice(mark + 1)
    .split("&")
    .map((part) => `${prefix}.${part}`);
}

function withPermissions(template: Template, more: Readonly<Record<string, readonly string[]>>): Template {
  const added = more[template.topic];
  if (added === undefined) return template;
  return { ...template, permissions: [...(template.permissions ?? []), ...added], permissionRule: "all" };
}

function newNode(): Node {
  return { literals: new Map(), any: undefined, template: undefined };
}

function buildTree(templates: readonly Template[]): Node {
  const root = newNode();
  for (const template of templates) {
    let node = root;
    for (const segment of template.topic.split(".")) {
      if (segment === "{id}") {
        node.any ??= newNode();
        node = node.any;
        continue;
      }
      const key = segment.toLowerCase();
      const known = node.literals.get(key);
      const next = known?.node ?? newNode();
      if (known === undefined) node.literals.set(key, { text: segment, node: next });
      node = next;
    }
    node.template = template;
  }
  return root;
}

/** The template of a topic and its name in the template's casing; literal segments win over ids. */
function match(
  root: Node,
  segments: readonly string[],
): { readonly template: Template; readonly name: string } | undefined {
  const walk = (node: Node, at: number, name: string): { template: Template; name: string } | undefined => {
    const segment = segments[at];
    if (segment === undefined) return node.template && { template: node.template, name };
    const glue = at === 0 ? "" : ".";
    const literal = node.literals.get(segment.toLowerCase());
    const found = literal && walk(literal.node, at + 1, `${name}${glue}${literal.text}`);
    if (found !== undefined || node.any === undefined || !ID.test(segment)) return found;
    return walk(node.any, at + 1, `${name}${glue}${segment}`);
  };
  return walk(root, 0, "");
}

function missingPermissions(template: Template, permissions: Permissions): readonly string[] {
  const needed = template.permissions ?? [];
  const missing = needed.filter((permission) => permissions.isDenied(permission));
  return template.permissionRule === "any" && missing.length < needed.length ? [] : missing;
}

function invalid(topic: string, message: string): Refusal {
  return { topic, status: 400, code: "notification.invalid.topic", message, missingPermissions: [] };
}

function wrongTransport(topic: string): Refusal {
  const message = `The topic "${topic}" is not available over websocket`;
  return { topic, status: 400, code: "notification.transport.not.allowed", message, missingPermissions: [] };
}

function unauthorized(topic: string, missing: readonly string[]): Refusal {
  const message = `The user does not have permission "${missing[0]}" required for topic "${topic}"`;
  return { topic, status: 403, code: "notification.unauthorized.topic", message, missingPermissions: missing };
}

/** A refusal that only a fault knows the reason of. */
export function rejected(topic: string, status: 400 | 403): Refusal {
  return status === 400 ? invalid(topic, `Invalid topic: ${topic}`) : unauthorized(topic, ["emulator:fault:view"]);
}

function toAvailableTopic(template: Template, expand: ReadonlySet<string>): Readonly<Record<string, unknown>> {
  const permissions = template.permissions ?? [];
  const full: Readonly<Record<string, unknown>> = {
    description: template.description,
    enforced: permissions.length > 0,
    schema: {
      id: `urn:jsonschema:com:ringfirst:emulator:v2:${template.schemaClass ?? "Unknown"}`,
      type: "object",
      additionalProperties: true,
    },
    visibility: template.legacy ? "Preview" : "Public",
    transports: template.transports ?? ["All"],
    publicApiTemplateUriPaths: [],
    requiresPermissions: permissions,
    permissionDetails:
      permissions.length === 0
        ? []
        : [{ type: "requiresPermissions", permissions, allowsCurrentUser: false, enforced: true }],
    topicParameters: template.parameters ?? [],
  };
  return { id: template.topic, ...Object.fromEntries(Object.entries(full).filter(([name]) => expand.has(name))) };
}
