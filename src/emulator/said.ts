/**
 * What was said last about each object by frames that somebody emitted: REST says it too, until the centre says something newer.
 *
 * W1. A frame counts whether anybody heard it or not: the platform's state doesn't depend on who listens.
 * W2. Memory is bounded; what was said longest ago goes first.
 */
import { asObject } from "./answer.ts";

/** A body. */
export type Json = Readonly<Record<string, unknown>>;

/** What a body is about. */
export type SaidKind = "presence" | "routing" | "station" | "outofoffice" | "generic" | "medium" | "observations";

const MAX_SAID = 20_000;
const USER = /^v2\.users\.([^.]+)\.(presence|routingstatus|activity|station|outofoffice)$/iu;
const CONVERSATIONS = /^v2\.(?:users|routing\.queues)\.[^.]+\.conversations(?:\.([a-z]+))?$/iu;
const OBSERVATIONS = /^v2\.analytics\.queues\.([^.]+)\.observations$/iu;

/** What was said. */
export class Said {
  readonly #bodies: Map<string, Json>;

  constructor(bodies: ReadonlyMap<string, Json> = new Map()) {
    this.#bodies = new Map(bodies);
  }

  find(kind: SaidKind, id: string): Json | undefined {
    return this.#bodies.get(`${kind} ${id}`);
  }

  /** Ids of the conversations that were spoken of, in either shape. */
  conversationIds(): readonly string[] {
    const keys = Array.from(this.#bodies.keys(), (key) => key.split(" "));
    return keys.flatMap(([kind, id]) => (id !== undefined && (kind === "generic" || kind === "medium") ? [id] : []));
  }

  /** Takes note of a frame that somebody emitted. */
  hear(topic: string, eventBody: unknown): void {
    const body = asObject(eventBody);
    if (body === undefined) return;
    const [, userId, about] = USER.exec(topic) ?? [];
    if (userId !== undefined && about !== undefined) this.#hearOfUser(userId, about.toLowerCase(), body);
    const conversation = CONVERSATIONS.exec(topic);
    if (conversation !== null && typeof body["id"] === "string")
      this.#hearOfConversation(body["id"], conversation[1], body);
    const queueId = OBSERVATIONS.exec(topic)?.[1];
    if (queueId !== undefined) this.#keep("observations", queueId, body);
  }

  /** The centre said something newer. */
  forget(kind: SaidKind, id: string): void {
    if (this.#bodies.size > 0) this.#bodies.delete(`${kind} ${id}`);
  }

  clear(): void {
    this.#bodies.clear();
  }

  copy(): Said {
    return new Said(this.#bodies);
  }

  #hearOfUser(userId: string, about: string, body: Json): void {
    if (about === "presence" && body["primary"] !== false) this.#keep("presence", userId, body);
    if (about === "station" || about === "outofoffice") this.#keep(about, userId, body);
    const routing = asObject(body["routingStatus"]);
    if (about !== "presence" && routing !== undefined) this.#keep("routing", userId, routing);
    const presence = asObject(body["presence"]);
    if (about !== "activity" || presence === undefined) return;
    const { presenceMessage: message = "", ...rest } = presence;
    this.#keep("presence", userId, { source: "PURECLOUD", primary: true, message, ...rest });
  }

  /** Both topics show one object: what was said in one shape outdates the other. */
  #hearOfConversation(id: string, plural: string | undefined, body: Json): void {
    this.forget(plural === undefined ? "medium" : "generic", id);
    if (plural === undefined) this.#keep("generic", id, body);
    else this.#keep("medium", id, { ...body, [PLURAL]: plural.toLowerCase() });
  }

  #keep(kind: SaidKind, id: string, body: Json): void {
    const key = `${kind} ${id}`;
    this.#bodies.delete(key);
    this.#bodies.set(key, body);
    if (this.#bodies.size > MAX_SAID) this.#bodies.delete(this.#bodies.keys().next().value as string);
  }
}

/** Under which name the medium stands with a body in the shape of one medium; no body of the platform has such a member. */
export const PLURAL = "_plural";
