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
  /** Wants a break as soon as the hands are free. */
  wantsBreak: boolean;
  /** Order in which agents became idle: the longest idle is served first. */
  idleOrder: number;
}

/** The staff. */
export class Agents {
  readonly #agents: ReadonlyMap<string, Agent>;
  readonly #stage: Stage;
  readonly #now: () => number;
  #orders = 0;

  constructor(directory: Directory, stage: Stage, now: () => number) {
    const at = Math.floor(now());
    this.#stage = stage;
    this.#now = now;
    this.#agents = new Map(directory.users.map((user) => [user.id, newAgent(user, at)]));
  }

  all(): Iterable<Agent> {
    return this.#agents.values();
  }

  find(id: string): Agent | undefined {
    return this.#agents.get(id);
  }

  /** The one of these users who is ready and has waited longest for work. */
  longestIdle(userIds: readonly string[]): Agent | undefined {
    let best: Agent | undefined;
    for (const id of userIds) {
      const agent = this.#agents.get(id);
      if (agent === undefined || agent.isBusy || agent.routingStatus !== "IDLE") continue;
      if (best === undefined || agent.idleOrder < best.idleOrder) best = agent;
    }
    return best;
  }

  /** How many of these users have each routing status. */
  countRouting(userIds: readonly string[]): ReadonlyMap<RoutingStatus, number> {
    const counts = new Map<RoutingStatus, number>();
    for (const id of userIds) {
      const status = this.#agents.get(id)?.routingStatus ?? "OFF_QUEUE";
      counts.set(status, (counts.get(status) ?? 0) + 1);
    }
    return counts;
  }

  setRouting(agent: Agent, status: RoutingStatus): void {
    if (agent.routingStatus === status) return;
    agent.routingStatus = status;
    agent.routingAt = this.#stamp(agent);
    if (status === "IDLE") agent.idleOrder = this.#orders += 1;
    this.#stage.routing(agent);
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
    wantsBreak: false,
    idleOrder: 0,
  };
}
