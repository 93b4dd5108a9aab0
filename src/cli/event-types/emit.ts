/** Schemas of topics as a TypeScript module: valid under `strict` whatever the schemas say, and the same text for the same schemas. */
import { aliasBody, commentText, memberLines, type Member, membersOf, unionOf } from "./expression.ts";
import { type Definition, type Definitions, defineTypes, type SchemaTopic } from "./definitions.ts";
import { isInterface } from "./schema.ts";

/** A module and how much is in it. */
export interface EmittedTypes {
  readonly code: string;
  readonly types: number;
}

const HEADER = `// Types of Genesys Cloud events, written by "ringfirst types" from the schemas that the platform gives. Don't edit: write them anew.
// A field that is not set is left out. The platform may add fields and values, so have a branch for what you don't know.
`;

/** A line with more alternatives than fit here is broken. */
const LONGEST_LINE = 120;

/** The module for these topics. */
export function emitTypes(topics: readonly SchemaTopic[]): EmittedTypes {
  const definitions = defineTypes(topics);
  const bodies = topics
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map((topic): Member => ({
      name: topic.id,
      type: definitions.named({ schema: topic.schema, topic })?.name ?? "unknown",
      required: true,
      description: commentText(topic.description),
    }));
  const parts = definitions.all
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((one) => declaration(one, definitions));
  return { code: [HEADER, face(bodies), ...parts].join("\n"), types: parts.length };
}

/** What a program starts from: bodies by topic, and the frame around them. */
function face(bodies: readonly Member[]): string {
  return `/** The body of each topic's events. */
export interface EventBodies {
${memberLines(bodies, "  ").join("\n")}
}

/** A topic that is described here; \`{id}\` stands for a concrete id. */
export type Topic = keyof EventBodies;

/** An event as it comes on the wire. */
export interface EventFrame<T extends Topic = Topic> {
  /** The topic with its ids. */
  readonly topicName: string;
  readonly version?: string;
  readonly eventBody: EventBodies[T];
  readonly metadata?: { readonly CorrelationId?: string };
}
`;
}

function declaration(definition: Definition, definitions: Definitions): string {
  const { name, forms } = definition;
  const described = commentText(
    forms.find(({ schema }) => commentText(schema["description"]) !== "")?.schema["description"],
  );
  const comment = described === "" ? "" : `/** ${described} */\n`;
  // A schema that only says "an object" stands back where another topic tells what is in it.
  const telling = forms.filter(({ schema }) => isInterface(schema));
  if (telling.length > 0 && forms.every((form) => telling.includes(form) || isBare(form.schema))) {
    const members = merged(telling.map((form) => membersOf(form, definitions)));
    return `${comment}export interface ${name} {\n${memberLines(members.map(broken), "  ").join("\n")}\n}\n`;
  }
  const body = unionOf(forms.map((form) => aliasBody(form, definition, definitions)));
  return `${comment}export type ${name} = ${body};\n`;
}

function isBare(schema: Readonly<Record<string, unknown>>): boolean {
  return (
    Object.keys(schema).every((word) => ["id", "$id", "type", "description", "additionalProperties"].includes(word)) &&
    schema["type"] === "object"
  );
}

/** N1: every member that any of the forms has; always there only where all of them say so. */
function merged(forms: readonly (readonly Member[])[]): readonly Member[] {
  const [first = [], ...others] = forms;
  if (others.length === 0) return first;
  const names = [...new Set(forms.flatMap((form) => form.map(({ name }) => name)))].sort();
  return names.map((name) => {
    const found = forms.flatMap((form) => form.filter((member) => member.name === name));
    return {
      name,
      type: unionOf(found.map(({ type }) => type)),
      required: found.length === forms.length && found.every(({ required }) => required),
      description: found.find(({ description }) => description !== "")?.description ?? "",
    };
  });
}

/** Long lists of values on lines of their own. */
function broken(member: Member): Member {
  const plain = /^"(?:[^"\\]|\\.)*"(?: \| "(?:[^"\\]|\\.)*")+$/u.test(member.type);
  if (!plain || member.type.length + member.name.length + 16 <= LONGEST_LINE) return member;
  const values = member.type.match(/"(?:[^"\\]|\\.)*"/gu) ?? [];
  return { ...member, type: `\n${values.map((value) => `    | ${value}`).join("\n")}` };
}
