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
  /** What a reference means; undefined where it leads nowhere. */
  resolve(ref: string, from: SchemaTopic): Definition | undefined;
}

/** Names that the output has for itself. */
const OWN_NAMES = ["EventBodies", "EventFrame", "Topic"];

/** Finds them; `topics` in any order. */
export function defineTypes(topics: readonly SchemaTopic[]): Definitions {
  const search = new Search();
  for (const topic of topics.toSorted(byId)) search.take(topic);
  const { forms, keys } = search;
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
      return schema && byKey.get(keys.get(schema) ?? "");
    },
  };
}

/** Looks through schemas for what will have a name. */
class Search {
  readonly forms = new Map<string, { readonly wish: string; readonly placed: Placed[] }>();
  readonly keys = new Map<Schema, string>();
  /** References into the topic at hand: what they mean gets a name too, so that nothing is ever written inside itself. */
  #pointers: string[] = [];

  take(topic: SchemaTopic): void {
    this.#register(topic.schema, topic, { key: `topic ${topic.id}`, wish: nameOfTopic(topic.id) });
    this.#pointers = [];
    this.#walk(topic.schema, topic, 0);
    // Grows while it is gone through.
    for (const pointer of this.#pointers) {
      const target = partAt(topic.schema, pointer);
      if (target === undefined || this.keys.has(target)) continue;
      const wish = pointer.split("/").at(-1) ?? "";
      this.#register(target, topic, { key: `place ${topic.id} ${pointer}`, wish });
      this.#walk(target, topic, 0);
    }
  }

  #walk(value: unknown, topic: SchemaTopic, depth: number): void {
    const schema = asSchema(value);
    if (schema === undefined || depth > MAX_DEPTH) return;
    const ref = refOf(schema);
    if (ref?.startsWith("#/") === true) this.#pointers.push(ref);
    else if (ref === undefined && idOf(schema) !== undefined) this.#register(schema, topic, { key: "", wish: "" });
    for (const { name, part } of definitionsOf(schema)) {
      const named = asSchema(part);
      if (named !== undefined) this.#register(named, topic, { key: `part ${name}`, wish: name });
      this.#walk(part, topic, depth + 1);
    }
    for (const part of partsOf(schema)) this.#walk(part, topic, depth + 1);
  }

  /** An identity of its own goes before the place where it stands. */
  #register(schema: Schema, topic: SchemaTopic, place: { readonly key: string; readonly wish: string }): void {
    if (this.keys.has(schema)) return;
    const id = idOf(schema);
    const key = id === undefined ? place.key : `id ${id}`;
    const entry = this.forms.get(key) ?? { wish: id === undefined ? place.wish : nameOfId(id), placed: [] };
    entry.placed.push({ schema, topic });
    this.forms.set(key, entry);
    this.keys.set(schema, key);
  }
}

function byId(a: SchemaTopic, b: SchemaTopic): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
