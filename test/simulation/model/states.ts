/**
 * How things stand at the model platform, now and a moment ago: what its HTTP side answers when it is asked. Each state is the body of
 * the event that told of it, with the same mark, so that the checks can tell which of two is the younger.
 */

/** One state of a person or a conversation. */
export interface ModelState {
  readonly at: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A conversation as a search finds it. */
export interface FoundConversation {
  readonly id: string;
  readonly queue: string;
  readonly from: number;
  /** Undefined while it goes on. */
  readonly to: number | undefined;
  readonly isAlerting: boolean;
}

interface Conversation {
  readonly id: string;
  readonly queue: string;
  readonly from: number;
  to: number | undefined;
  readonly states: ModelState[];
}

/** The states (see the top of this file). */
export class ModelStates {
  readonly #people = new Map<string, ModelState[]>();
  readonly #conversations = new Map<string, Conversation>();

  notePerson(user: string, state: ModelState): void {
    const states = this.#people.get(user) ?? [];
    this.#people.set(user, [...states.slice(-10), state]);
  }

  noteConversation(id: string, queue: string, state: ModelState, isOver: boolean): void {
    const known = this.#conversations.get(id) ?? { id, queue, from: state.at, to: undefined, states: [] };
    this.#conversations.set(id, known);
    known.states.push(state);
    if (isOver) known.to = state.at;
  }

  /** As it was then; undefined where nothing was told of the person yet. */
  person(user: string, at: number): ModelState | undefined {
    return newest(this.#people.get(user), at);
  }

  /** As it was then; undefined: there was none. */
  conversation(id: string, at: number): ModelState | undefined {
    return newest(this.#conversations.get(id)?.states, at);
  }

  /** Conversations of these queues that lived in the interval, as far as they had begun at an instant; the oldest first. */
  lived(queues: ReadonlySet<string>, from: number, to: number, knownAt: number): FoundConversation[] {
    const found: FoundConversation[] = [];
    for (const { id, queue, from: began, to: ended, states } of this.#conversations.values()) {
      if (!queues.has(queue) || began > to || began > knownAt || (ended ?? Infinity) < from) continue;
      const isOver = ended !== undefined && ended <= knownAt;
      found.push({ id, queue, from: began, to: isOver ? ended : undefined, isAlerting: states.length === 1 });
    }
    return found;
  }
}

function newest(states: readonly ModelState[] | undefined, at: number): ModelState | undefined {
  return states?.findLast((state) => state.at <= at);
}
