/** Who works here: users, queues, divisions and members, made from the seed; the same seed, the same people. */
import type { Chance } from "./chance.ts";

/** A division. */
export interface Division {
  readonly id: string;
  readonly name: string;
}

/** A user of the organisation; all of them are agents. */
export interface DirectoryUser {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly division: Division;
  readonly queueIds: readonly string[];
}

/** A routing queue. */
export interface DirectoryQueue {
  readonly id: string;
  readonly name: string;
  readonly division: Division;
  readonly memberIds: readonly string[];
}

/** The organisation. */
export interface Directory {
  readonly organizationId: string;
  readonly divisions: readonly Division[];
  /** Those who are active; the list follows who comes and goes. */
  readonly users: readonly DirectoryUser[];
  readonly inactive: readonly DirectoryUser[];
  readonly queues: readonly DirectoryQueue[];
  readonly userById: ReadonlyMap<string, DirectoryUser>;
  readonly queueById: ReadonlyMap<string, DirectoryQueue>;
  /** Presence definition ids by system presence. */
  readonly presenceIds: ReadonlyMap<string, string>;
}

/** System presences as events spell them. */
export const PRESENCES = [
  "AVAILABLE",
  "AWAY",
  "BUSY",
  "OFFLINE",
  "IDLE",
  "ON_QUEUE",
  "MEAL",
  "TRAINING",
  "MEETING",
  "BREAK",
] as const;

/** A system presence as events spell it. */
export type SystemPresence = (typeof PRESENCES)[number];

const FIRST_NAMES = (
  "Ada Alan Amara Ben Carla Chen Dana Diego Edith Elif Emil Fatima Femi Grace Hana Hugo Ines Ivan Jonas Julia Kai Kofi Lena Liam Linus Lucia " +
  "Maja Marie Mateo Mei Mila Nadia Nils Noor Olga Omar Paula Priya Quinn Rafael Rosa Samir Sara Sofia Tariq Theo Uma Viktor Wanda Yara Yusuf Zoe"
).split(" ");
const LAST_NAMES = (
  "Adler Almeida Becker Bianchi Brandt Castro Diallo Dubois Eriksen Farouk Fischer Garcia Haddad Hansen Ibarra Ito Jensen Kaya Keller Kim Kovacs " +
  "Laurent Lindqvist Lopez Marino Meyer Moreau Nakamura Nguyen Novak Okafor Olsen Patel Pereira Petrov Rossi Sato Schmidt Silva Singh Sokolov " +
  "Tanaka Torres Vogel Wagner Weber Yilmaz Zhang"
).split(" ");
const QUEUE_NAMES = [
  "Support",
  "Sales",
  "Billing",
  "Claims",
  "Premium care",
  "Returns",
  "Technical help",
  "Bookings",
  "Retention",
  "Emergencies",
];
const DIVISION_NAMES = ["Home", "Europe", "Americas"];

/** Makes the organisation. */
export function createDirectory(chance: Chance, userCount: number, queueCount: number): Directory {
  const organizationId = chance.uuid();
  const divisions = DIVISION_NAMES.map((name) => ({ id: chance.uuid(), name }));
  const queueHeads = Array.from({ length: queueCount }, (_, index) => ({
    id: chance.uuid(),
    name: queueName(index),
    division: divisions[index % divisions.length] as Division,
  }));
  const members = new Map<string, string[]>(queueHeads.map(({ id }) => [id, []]));
  const users = Array.from({ length: userCount }, (_, index): DirectoryUser => {
    const name = `${chance.pick(FIRST_NAMES)} ${chance.pick(LAST_NAMES)}`;
    const id = chance.uuid();
    const home = queueHeads[index % queueCount] as { id: string; division: Division };
    const queueIds = new Set([home.id]);
    while (queueIds.size < Math.min(queueCount, 1 + (index % 3))) queueIds.add(chance.pick(queueHeads).id);
    for (const queueId of queueIds) members.get(queueId)?.push(id);
    const email = `${name.toLowerCase().replaceAll(/[^a-z]+/g, ".")}.${index + 1}@example.invalid`;
    return { id, name, email, division: home.division, queueIds: [...queueIds] };
  });
  const queues = queueHeads.map((queue) => ({ ...queue, memberIds: members.get(queue.id) ?? [] }));
  return {
    organizationId,
    divisions,
    users,
    inactive: [],
    queues,
    userById: new Map(users.map((user) => [user.id, user])),
    queueById: new Map(queues.map((queue) => [queue.id, queue])),
    presenceIds: new Map(PRESENCES.map((presence) => [presence, chance.uuid()])),
  };
}

/** Whether the user or queue that a topic names works here; topics of other things always do. */
export function isOfDirectory({ userById, queueById }: Directory, topic: string): boolean {
  const userId = /^v2\.users\.([^.]+)\./.exec(topic)?.[1];
  const queueId = /^v2\.(?:routing|analytics)\.queues\.([^.]+)\./.exec(topic)?.[1];
  return (userId === undefined || userById.has(userId)) && (queueId === undefined || queueById.has(queueId));
}

function queueName(index: number): string {
  const round = Math.floor(index / QUEUE_NAMES.length);
  const name = QUEUE_NAMES[index % QUEUE_NAMES.length] as string;
  return round === 0 ? name : `${name} ${round + 1}`;
}
