/**
 * People and queues come and go: the directory changes in place, so that REST lists, routing and topics speak of the same staff.
 *
 * Y1. A change is done in full or not at all: whoever it names is looked for before anything is changed.
 * Y2. Who joins or leaves a queue is told on the queue's topic, `v2.routing.queues.{id}.users`.
 * Y3. A queue that goes takes nobody in; those who wait in it are sent away, those who talk finish.
 */
import { RingfirstError } from "../errors.ts";
import type { Chance } from "./chance.ts";
import type { Directory, DirectoryQueue, DirectoryUser, Division } from "./directory.ts";
import type { StaffChange, StaffChoice } from "./staff-change.ts";
import { checkStaff } from "./staff-change.ts";

/** Who has to know: the centre, where calls are offered. */
export interface StaffListener {
  userJoined(user: DirectoryUser): void;
  userLeft(user: DirectoryUser): void;
  queueOpened(queue: DirectoryQueue): void;
  queueClosed(queue: DirectoryQueue): void;
  /** Called after the lists have changed. */
  memberChanged(queue: DirectoryQueue, user: DirectoryUser, joined: boolean): void;
}

/** Whom a change was about. */
export interface StaffOutcome {
  readonly addedUsers: readonly string[];
  readonly addedQueues: readonly string[];
  readonly users: number;
  readonly queues: number;
}

/** The directory as only this file may change it. */
interface Books {
  readonly users: DirectoryUser[];
  readonly inactive: DirectoryUser[];
  readonly queues: DirectoryQueue[];
  readonly userById: Map<string, DirectoryUser>;
  readonly queueById: Map<string, DirectoryQueue>;
}

/** A change with everybody found. */
interface Plan {
  readonly closing: readonly DirectoryQueue[];
  readonly removed: readonly DirectoryUser[];
  readonly deactivated: readonly DirectoryUser[];
  readonly activated: readonly DirectoryUser[];
  readonly queue: DirectoryQueue | undefined;
  readonly joining: readonly DirectoryUser[];
  readonly leaving: readonly DirectoryUser[];
}

/** The staff of one emulator. */
export class Staff {
  readonly #directory: Directory;
  readonly #books: Books;
  readonly #initial: () => Directory;
  readonly #newChance: () => Chance;
  readonly #listener: StaffListener;
  #chance: Chance;
  #count = 0;

  /** `directory` is changed in place; `initial` makes it anew. */
  constructor(directory: Directory, initial: () => Directory, newChance: () => Chance, listener: StaffListener) {
    this.#directory = directory;
    this.#books = directory as unknown as Books;
    this.#initial = initial;
    this.#newChance = newChance;
    this.#chance = newChance();
    this.#listener = listener;
  }

  /** Does a change. @throws RingfirstError `RF_OPTION_INVALID` when it is none, or names somebody who isn't there; nothing is changed then. */
  change(value: unknown): StaffOutcome {
    const change = checkStaff(value);
    const plan = this.#plan(change);
    const addedQueues = this.#namesOf(change.queues?.add, "Queue").map((name) => this.#openQueue(name));
    for (const queue of plan.closing) this.#closeQueue(queue);
    const addedUsers = this.#namesOf(change.users?.add, "Agent").map((name) => this.#hire(name));
    for (const user of plan.removed) this.#dismiss(user, false);
    for (const user of plan.deactivated) this.#dismiss(user, true);
    for (const user of plan.activated) this.#bringBack(user);
    const { queue } = plan;
    if (queue !== undefined) {
      for (const user of plan.joining) this.#setMember(queue, user, true);
      for (const user of plan.leaving) this.#setMember(queue, user, false);
    }
    const { users, queues } = this.#books;
    return {
      addedUsers: addedUsers.map(({ id }) => id),
      addedQueues: addedQueues.map(({ id }) => id),
      users: users.length,
      queues: queues.length,
    };
  }

  /** As it was in the beginning. */
  reset(): void {
    const { users, inactive, queues, userById, queueById } = this.#books;
    const first = this.#initial();
    users.splice(0, Infinity, ...first.users);
    queues.splice(0, Infinity, ...first.queues);
    inactive.length = 0;
    userById.clear();
    queueById.clear();
    for (const user of users) userById.set(user.id, user);
    for (const queue of queues) queueById.set(queue.id, queue);
    this.#chance = this.#newChance();
    this.#count = 0;
  }

  #plan({ queues = {}, users = {}, members }: StaffChange): Plan {
    const { users: active, inactive, queues: open } = this.#books;
    const queue = members && (find(open, [members.queue], "queue")[0] as DirectoryQueue);
    const memberIds = new Set(queue?.memberIds);
    const closing = find(open, queues.remove, "queue");
    if (closing.length >= open.length) throw refusal("a centre keeps one queue at least");
    return {
      closing,
      removed: find([...inactive, ...active], users.remove, "user"),
      deactivated: find(active, users.deactivate, "active user"),
      activated: find(inactive, users.activate, "inactive user"),
      queue,
      joining: find(active, members?.add, "active user", ({ id }) => !memberIds.has(id)),
      leaving: find(active, members?.remove, "member", ({ id }) => memberIds.has(id)),
    };
  }

  #namesOf(choice: StaffChoice | undefined, word: string): readonly string[] {
    if (choice === undefined) return [];
    if (typeof choice !== "number") return choice;
    return Array.from({ length: choice }, () => `${word} ${(this.#count += 1)}`);
  }

  #openQueue(name: string): DirectoryQueue {
    const queue = { id: this.#chance.uuid(), name, division: this.#division(), memberIds: [] };
    this.#books.queues.push(queue);
    this.#books.queueById.set(queue.id, queue);
    this.#listener.queueOpened(queue);
    return queue;
  }

  #closeQueue(queue: DirectoryQueue): void {
    const { queues, queueById, userById } = this.#books;
    queues.splice(queues.indexOf(queue), 1);
    queueById.delete(queue.id);
    this.#listener.queueClosed(queue);
    for (const id of queue.memberIds.slice()) this.#setMember(queue, userById.get(id), false);
  }

  #hire(name: string): DirectoryUser {
    const id = this.#chance.uuid();
    const email = `${name.toLowerCase().replaceAll(/[^a-z\d]+/g, ".")}.${id.slice(0, 8)}@example.invalid`;
    const user = { id, name, email, division: this.#division(), queueIds: [] };
    this.#books.users.push(user);
    this.#books.userById.set(id, user);
    this.#listener.userJoined(user);
    return user;
  }

  #dismiss(user: DirectoryUser, isKept: boolean): void {
    const { users, inactive, userById, queueById } = this.#books;
    for (const id of user.queueIds.slice()) this.#setMember(queueById.get(id), user, false);
    const list = users.includes(user) ? users : inactive;
    list.splice(list.indexOf(user), 1);
    if (isKept) inactive.push(user);
    else userById.delete(user.id);
    this.#listener.userLeft(user);
  }

  #bringBack(user: DirectoryUser): void {
    const { users, inactive } = this.#books;
    inactive.splice(inactive.indexOf(user), 1);
    users.push(user);
    this.#listener.userJoined(user);
  }

  #setMember(queue: DirectoryQueue | undefined, user: DirectoryUser | undefined, joined: boolean): void {
    if (queue === undefined || user === undefined || queue.memberIds.includes(user.id) === joined) return;
    toggle(queue.memberIds as string[], user.id, joined);
    toggle(user.queueIds as string[], queue.id, joined);
    this.#listener.memberChanged(queue, user, joined);
  }

  #division(): Division {
    return this.#directory.divisions[0] as Division;
  }
}

function toggle(list: string[], id: string, isIn: boolean): void {
  if (isIn) list.push(id);
  else list.splice(list.indexOf(id), 1);
}

/** The named, or the last so many that fit. */
function find<T extends { readonly id: string; readonly name: string }>(
  list: readonly T[],
  choice: StaffChoice | undefined,
  word: string,
  fits: (one: T) => boolean = () => true,
): readonly T[] {
  if (choice === undefined) return [];
  if (typeof choice === "number") {
    const found = list.filter(fits).slice(-choice);
    if (found.length === choice) return found;
    throw refusal(`there are no ${choice} of them: ${word}`);
  }
  const found = choice.map((wanted) => {
    const one = list.find(({ id, name }) => id === wanted || name.toLowerCase() === wanted.toLowerCase());
    if (one === undefined) throw refusal(`there is no ${word} ${wanted}`);
    return one;
  });
  return [...new Set(found)];
}

function refusal(message: string): RingfirstError {
  return new RingfirstError("RF_OPTION_INVALID", message);
}
