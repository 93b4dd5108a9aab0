/**
 * Which types there will be: one for each topic's body, each schema with an identity, and each named part.
 *
 * N1  The same identity in several topics is one type. Where their schemas differ it holds what any of them has.
 * N2  Names follow from the set of identities alone: not from the order of topics, the clock or the machine.
 */
import { nameOfId, Names, nameOfTopic } from "./names.ts";
import { asSchema, definitionsOf, idOf, MAX_DEPTH, partAt, partsOf, refOf, type Schema } from "./schema.ts";

/** A topic whose body has a schema. */
export interface SchemaTopic {
  readonly id: string;
  readonly description: string;
  readonly schema: Schema;
}

/** One schema in the topic from which references are followed. */
export interface Placed {
  readonly schema: Schema;
  readonly topic: SchemaTopic;
}

/** A type that will have a name: its schemas, one for each topic that has it. */
export interface Definition {
  readonly key: string;
  readonly name: string;
  readonly forms: readonly Placed[];
}

/** All types by their keys, and how references find them. */
export interface Definitions {
  readonly all: readonly Definition[];
  /** The type of a schema that has a name of its own. */
  named(placed: Placed): Definition | undefined;
  /** What a reference means: a named type, or a schema to be written where the reference stands; undefined for neither. */
  resolve(ref: string, from: SchemaTopic): Definition | Placed | undefined;
}

/** Names that the output has for itself. */
const OWN_NAMES = ["EventBodies", "EventFrame", "Topic"];

/** Finds them; `topics` in any order. */
export function defineTypes(topics: readonly SchemaTopic[]): Definitions {
  const forms = new Map<string, { readonly wish: string; readonly placed: Placed[] }>();
  const keys = new Map<Schema, string>();
  const register = (
    schema: Schema,
    topic: SchemaTopic,
    fallback?: { readonly key: string; readonly wish: string },
  ): void => {
    const id = idOf(schema);
    if ((id === undefined && fallback === undefined) || (refOf(schema) !== undefined && fallback === undefined)) return;
    const key = id === undefined ? (fallback?.key ?? "") : `id ${id}`;
    const entry = forms.get(key) ?? { wish: id === undefined ? (fallback?.wish ?? "") : nameOfId(id), placed: [] };
    entry.placed.push({ schema, topic });
    forms.set(key, entry);
    keys.set(schema, key);
  };
  for (const topic of topics.toSorted(byId)) {
    const walk = (value: unknown, depth: number): void => {
      const schema = asSchema(value);
      if (schema === undefined || depth > MAX_DEPTH) return;
      if (!keys.has(schema)) register(schema, topic);
      for (const { name, part } of definitionsOf(schema)) {
        const named = asSchema(part);
        if (named !== undefined) register(named, topic, { key: `part ${name}`, wish: name });
        walk(part, depth + 1);
      }
      for (const part of partsOf(schema)) walk(part, depth + 1);
    };
    register(topic.schema, topic, { key: `topic ${topic.id}`, wish: nameOfTopic(topic.id) });
    walk(topic.schema, 0);
  }
  const names = new Names(OWN_NAMES);
  const all = [...forms]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, { wish, placed }]): Definition => ({ key, name: names.take(wish), forms: placed }));
  const byKey = new Map(all.map((definition) => [definition.key, definition]));
  return {
    all,
    named: ({ schema }) => byKey.get(keys.get(schema) ?? ""),
    resolve: (ref, from) => {
      if (ref === "#") return byKey.get(keys.get(from.schema) ?? "");
      if (!ref.startsWith("#")) return byKey.get(`id ${ref}`) ?? byKey.get(`part ${ref}`);
      const schema = partAt(from.schema, ref);
      return schema && (byKey.get(keys.get(schema) ?? "") ?? { schema, topic: from });
    },
  };
}

function byId(a: SchemaTopic, b: SchemaTopic): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
