/** The agents of the centre: presence, routing status and the one conversation each has in hand, always consistent with each other. */
import type { Directory, DirectoryUser, SystemPresence } from "./directory.ts";
import type { AgentFacts, RoutingStatus, Stage } from "./stage.ts";

/** An agent at work. */
export interface Agent extends AgentFacts {
  readonly user: DirectoryUser;
  presence: SystemPresence;
  presenceAt: number;
  routingStatus: RoutingStatus;
  routingAt: number;
  activeQueueIds: readonly string[];
  queuesAt: number;
  /** Whether a conversation alerts at, is with, or is wrapped up by this agent. */
  isBusy: boolean;
  /** Works here no more; goes when the hands are free. */
  isGone: boolean;
  /** Wants a break as soon as the hands are free. */
  wantsBreak: boolean;
  /** Order in which agents became idle: the longest idle is served first. */
  idleOrder: number;
}

/** A place in the line of those who wait for work; stale once the agent became idle anew or is not idle any more. */
interface IdlePlace {
  readonly agent: Agent;
  readonly order: number;
}

/** What is known of a queue's members without looking at each. */
interface Staffing {
  memberCount: number;
  readonly counts: Map<RoutingStatus, number>;
  idle: IdlePlace[];
}

const STATUSES: readonly RoutingStatus[] = ["IDLE", "INTERACTING", "NOT_RESPONDING", "COMMUNICATING", "OFF_QUEUE"];
/** Stale places that a line may have beyond its members. */
const MAX_STALE = 64;

/** The staff. */
export class Agents {
  readonly #agents: Map<string, Agent>;
  readonly #staffings: Map<string, Staffing>;
  readonly #stage: Stage;
  readonly #now: () => number;
  #orders = 0;

  constructor(directory: Directory, stage: Stage, now: () => number) {
    const at = Math.floor(now());
    this.#stage = stage;
    this.#now = now;
    this.#agents = new Map(directory.users.map((user) => [user.id, newAgent(user, at)]));
    this.#staffings = new Map(
      directory.queues.map(({ id, memberIds }) => [
        id,
        {
          memberCount: memberIds.length,
          counts: new Map(STATUSES.map((status) => [status, status === "IDLE" ? memberIds.length : 0])),
          idle: memberIds.map((userId) => ({ agent: this.#agents.get(userId) as Agent, order: 0 })),
        },
      ]),
    );
  }

  all(): Iterable<Agent> {
    return this.#agents.values();
  }

  find(id: string): Agent | undefined {
    return this.#agents.get(id);
  }

  /** Somebody new, or somebody who is back, on queue and ready. */
  join(user: DirectoryUser): Agent {
    const known = this.#agents.get(user.id);
    if (known === undefined) {
      const agent = newAgent(user, Math.floor(this.#now()));
      this.#agents.set(user.id, agent);
      return agent;
    }
    known.isGone = false;
    return known;
  }

  openQueue(queueId: string): void {
    const counts = new Map(STATUSES.map((status) => [status, 0]));
    this.#staffings.set(queueId, { memberCount: 0, counts, idle: [] });
  }

  /** Somebody has become a member of this queue, or is none any more. */
  setMember(queueId: string, agent: Agent, joined: boolean): void {
    const staffing = this.#staffings.get(queueId);
    if (staffing === undefined) return;
    const by = joined ? 1 : -1;
    staffing.memberCount += by;
    staffing.counts.set(agent.routingStatus, (staffing.counts.get(agent.routingStatus) ?? 0) + by);
    if (!joined) staffing.idle = staffing.idle.filter((place) => place.agent !== agent);
    else if (agent.routingStatus === "IDLE") staffing.idle.push({ agent, order: agent.idleOrder });
  }

  /** The member of this queue who is ready and has waited longest for work. */
  longestIdle(queueId: string): Agent | undefined {
    const staffing = this.#staffings.get(queueId);
    if (staffing === undefined) return undefined;
    let stale = 0;
    for (const place of staffing.idle) {
      if (!isStale(place)) break;
      stale += 1;
    }
    if (stale > 0) staffing.idle.splice(0, stale);
    return staffing.idle.find((place) => !place.agent.isBusy && !isStale(place))?.agent;
  }

  /** How many members of this queue have each routing status; those that none has are left out. */
  countRouting(queueId: string): readonly (readonly [RoutingStatus, number])[] {
    return [...(this.#staffings.get(queueId)?.counts ?? [])].filter(([, count]) => count > 0);
  }

  setRouting(agent: Agent, status: RoutingStatus): void {
    if (agent.routingStatus === status) return;
    this.#count(agent, status);
    agent.routingStatus = status;
    agent.routingAt = this.#stamp(agent);
    if (status === "IDLE") this.#lineUp(agent);
    this.#stage.routing(agent);
  }

  #count(agent: Agent, status: RoutingStatus): void {
    for (const queueId of agent.user.queueIds) {
      const counts = this.#staffings.get(queueId)?.counts;
      counts?.set(agent.routingStatus, (counts.get(agent.routingStatus) ?? 0) - 1);
      counts?.set(status, (counts.get(status) ?? 0) + 1);
    }
  }

  #lineUp(agent: Agent): void {
    agent.idleOrder = this.#orders += 1;
    for (const queueId of agent.user.queueIds) {
      const staffing = this.#staffings.get(queueId);
      staffing?.idle.push({ agent, order: agent.idleOrder });
      if (staffing !== undefined && staffing.idle.length > 2 * staffing.memberCount + MAX_STALE)
        staffing.idle = staffing.idle.filter((place) => !isStale(place));
    }
  }

  /** Goes on queue or off: presence, active queues and routing status together. */
  setPresence(agent: Agent, presence: SystemPresence): void {
    const isOnQueue = presence === "ON_QUEUE";
    agent.presence = presence;
    agent.presenceAt = this.#stamp(agent);
    agent.activeQueueIds = isOnQueue ? agent.user.queueIds : [];
    agent.queuesAt = agent.presenceAt;
    this.#stage.presence(agent);
    this.setRouting(agent, isOnQueue ? "IDLE" : "OFF_QUEUE");
  }

  /** An instant later than all others of this agent, so that no two of its events are equal. */
  #stamp(agent: Agent): number {
    return Math.max(Math.floor(this.#now()), agent.presenceAt + 1, agent.routingAt + 1);
  }
}

function isStale({ agent, order }: IdlePlace): boolean {
  return agent.idleOrder !== order || agent.routingStatus !== "IDLE";
}

function newAgent(user: DirectoryUser, at: number): Agent {
  return {
    id: user.id,
    user,
    presence: "ON_QUEUE",
    presenceAt: at,
    routingStatus: "IDLE",
    routingAt: at,
    activeQueueIds: user.queueIds,
    queuesAt: at,
    isBusy: false,
    isGone: false,
    wantsBreak: false,
    idleOrder: 0,
  };
}
