/**
 * The contact centre as a simulation in its own time: customers arrive, wait, are offered to agents, talk
 * and leave (docs/protocol.md, 10.3).
 *
 * T1. What happens, and in which order, depends on the seed and the options alone; the wall clock only gives the instants that bodies show.
 * T2. An agent has one conversation in hand at most, and the routing status says so.
 * T3. Memory is bounded: ended conversations are kept for reading only, `MAX_ENDED` of them; a queue whose line is full turns customers away.
 */
import { Agents } from "./agents.ts";
import type { Agent } from "./agents.ts";
import type { Chance } from "./chance.ts";
import type { Conversation, Participant } from "./conversation.ts";
import { annotate, connect, hasEnded, join, leave } from "./conversation.ts";
import { CustomerFactory, MEDIUM_HABITS } from "./customers.ts";
import type { Directory, DirectoryQueue, DirectoryUser } from "./directory.ts";
import { EventHeap } from "./event-heap.ts";
import type { DeskParts } from "./queue-desk.ts";
import { QueueDesk } from "./queue-desk.ts";
import type { Stage } from "./stage.ts";

/** What the simulation needs. */
export interface CentreParts {
  readonly chance: Chance;
  readonly directory: Directory;
  readonly stage: Stage;
  readonly callsPerHour: number;
  /** Epoch milliseconds for the bodies. */
  readonly now: () => number;
  /** Milliseconds of the centre's time that go by in one real millisecond; alerting timeouts in bodies are real ones. */
  readonly pace: () => number;
}

/** A conversation while it lives. */
interface Live {
  readonly conversation: Conversation;
  queue: DirectoryQueue;
  acd: Participant | undefined;
  transfers: number;
}

const HOUR_MS = 3_600_000;
const OUTBOUND_SHARE = 0.06;
const NO_ANSWER_SHARE = 0.08;
const TRANSFER_SHARE = 0.07;
const IVR_MEAN_MS = 8000;
const BREAK_EVERY_MEAN_MS = 45 * 60_000;
const BREAK_MEAN_MS = 6 * 60_000;
const NOT_RESPONDING_MEAN_MS = 25_000;
const BREAKS = ["BREAK", "MEAL", "AWAY", "MEETING", "TRAINING", "AVAILABLE"] as const;
const MAX_ENDED = 2000;

/** The centre. */
export class Centre {
  readonly agents: Agents;
  readonly #parts: CentreParts;
  readonly #deskParts: DeskParts;
  readonly #heap = new EventHeap();
  readonly #desks = new Map<string, QueueDesk<Live>>();
  readonly #customers: CustomerFactory;
  readonly #live = new Map<string, Conversation>();
  readonly #ended = new Map<string, Conversation>();
  #time = 0;

  constructor(parts: CentreParts) {
    this.#parts = parts;
    this.agents = new Agents(parts.directory, parts.stage, parts.now);
    this.#customers = new CustomerFactory(parts.chance);
    this.#deskParts = { ...parts, in: (delayMs: number, run: () => void) => this.#in(delayMs, run) };
    for (const queue of parts.directory.queues)
      this.#desks.set(queue.id, new QueueDesk(queue, this.agents, this.#deskParts));
    if (parts.callsPerHour === 0) return;
    for (const agent of this.agents.all()) this.#planBreak(agent);
    this.#planArrival();
  }

  /** The centre's time of the next happening; `undefined` when nothing will ever happen. */
  get nextAt(): number | undefined {
    return this.#heap.nextAt;
  }

  /** Lets the next thing happen. */
  step(): void {
    const next = this.#heap.pop();
    if (next === undefined) return;
    this.#time = next.at;
    next.run();
  }

  /** A conversation that lives or ended a short while ago. */
  conversation(id: string): Conversation | undefined {
    return this.#live.get(id) ?? this.#ended.get(id);
  }

  /** Those that live, and those that ended a short while ago. */
  *conversations(): Iterable<Conversation> {
    yield* this.#live.values();
    yield* this.#ended.values();
  }

  /** Somebody new, or back: ready for work. */
  userJoined(user: DirectoryUser): void {
    const agent = this.agents.join(user);
    if (agent.presence === "OFFLINE") this.agents.setPresence(agent, "ON_QUEUE");
    if (this.#parts.callsPerHour > 0) this.#planBreak(agent);
  }

  /** Somebody works here no more. */
  userLeft(user: DirectoryUser): void {
    const agent = this.agents.find(user.id);
    if (agent === undefined) return;
    agent.isGone = true;
    this.#becomeReady(agent);
  }

  queueOpened(queue: DirectoryQueue): void {
    this.agents.openQueue(queue.id);
    this.#desks.set(queue.id, new QueueDesk(queue, this.agents, this.#deskParts));
  }

  /** Those who wait are sent away; those who talk finish. */
  queueClosed(queue: DirectoryQueue): void {
    const desk = this.#desk(queue);
    for (let live = desk.takeNext(); live !== undefined; live = desk.takeNext()) this.#endAll(live, "system", "system");
  }

  /** Somebody has become a member of a queue, or is none any more. */
  memberChanged(queue: DirectoryQueue, user: DirectoryUser, joined: boolean): void {
    const agent = this.agents.find(user.id);
    if (agent !== undefined) this.agents.setMember(queue.id, agent, joined);
    this.#parts.stage.other(`v2.routing.queues.${queue.id}.users`, user.id, {
      id: user.id,
      user: { id: user.id },
      queueId: queue.id,
      joined,
    });
    if (joined) this.#serve(this.#desk(queue));
  }

  /** Body of the last statistics of a queue. */
  observations(queueId: string): Readonly<Record<string, unknown>> | undefined {
    return this.#desks.get(queueId)?.lastObservations;
  }

  #in(delayMs: number, run: () => void): void {
    this.#heap.push(this.#time + delayMs, run);
  }

  #inAbout(meanMs: number, run: () => void): void {
    this.#in(this.#parts.chance.exponential(meanMs), run);
  }

  #desk(queue: DirectoryQueue): QueueDesk<Live> {
    return this.#desks.get(queue.id) as QueueDesk<Live>;
  }

  #isOpen(queue: DirectoryQueue): boolean {
    return this.#parts.directory.queueById.has(queue.id);
  }

  /** The instant of a change (V3). */
  #stamp(conversation: Conversation): string {
    conversation.changedAt = Math.max(Math.floor(this.#parts.now()), conversation.changedAt + 1);
    return new Date(conversation.changedAt).toISOString();
  }

  #show(live: Live, ...changed: readonly Participant[]): void {
    this.#parts.stage.conversation(live.conversation, changed);
  }

  #planArrival(): void {
    this.#inAbout(HOUR_MS / this.#parts.callsPerHour, () => {
      this.#planArrival();
      if (this.#parts.chance.happens(OUTBOUND_SHARE)) this.#dialOut();
      else this.#arrive();
    });
  }

  #open(direction: Conversation["direction"], queue: DirectoryQueue, medium = this.#customers.medium()): Live {
    const conversation = this.#customers.conversation(direction, queue.division.id, medium);
    this.#live.set(conversation.id, conversation);
    return { conversation, queue, acd: undefined, transfers: 0 };
  }

  /** 1. The customer is there; a caller hears the menu first. */
  #arrive(): void {
    const { chance, directory } = this.#parts;
    const live = this.#open("inbound", chance.pick(directory.queues));
    const { conversation } = live;
    const at = this.#stamp(conversation);
    join(conversation, at, this.#customers.customer(conversation, "connected"));
    if (conversation.medium !== "call") return this.#enterQueue(live);
    const ivr = join(conversation, at, this.#customers.leg("ivr", "Main menu", "connected"));
    return this.#inAbout(IVR_MEAN_MS, () => {
      leave(conversation, ivr, this.#stamp(conversation), "transfer");
      this.#enterQueue(live);
    });
  }

  /** 2. The queue: from here on the conversation waits, unless it is a callback for later. */
  #enterQueue(live: Live): void {
    const { conversation, queue } = live;
    const desk = this.#desk(queue);
    const isLater = conversation.medium === "callback";
    const leg = this.#customers.leg("acd", queue.name, isLater ? "scheduled" : "connected", { queueId: queue.id });
    const acd = join(conversation, this.#stamp(conversation), leg);
    live.acd = acd;
    desk.offered();
    if (desk.isFull || !this.#isOpen(queue)) {
      this.#endAll(live, "system", "system");
      return;
    }
    if (!isLater) return this.#wait(live, acd);
    const dueInMs = this.#parts.chance.between(20_000, 240_000);
    acd.callbackScheduledTime = new Date(
      conversation.changedAt + Math.round(dueInMs / this.#parts.pace()),
    ).toISOString();
    this.#show(live, acd);
    return this.#in(dueInMs, () => {
      if (!this.#isOpen(queue)) {
        this.#endAll(live, "system", "system");
        return;
      }
      connect(acd, this.#stamp(conversation));
      this.#wait(live, acd);
    });
  }

  #wait(live: Live, acd: Participant): void {
    const { patienceMs } = MEDIUM_HABITS[live.conversation.medium];
    const desk = this.#desk(live.queue);
    desk.enter(live, live.conversation.priority, this.#time);
    this.#show(live, acd);
    if (patienceMs !== undefined) this.#inAbout(patienceMs, () => this.#abandon(live, acd));
    this.#serve(desk);
  }

  /** Offers what waits to who is ready. */
  #serve(desk: QueueDesk<Live>): void {
    for (;;) {
      const agent = desk.hasWaiting ? this.agents.longestIdle(desk.queue.id) : undefined;
      const live = agent && desk.takeNext();
      if (agent === undefined || live === undefined) return;
      this.#offer(live, agent);
    }
  }

  /** 3. The offer: an agent alerts. */
  #offer(live: Live, agent: Agent): void {
    const { chance, pace } = this.#parts;
    const { conversation, queue } = live;
    const { alertingTimeoutMs } = MEDIUM_HABITS[conversation.medium];
    agent.isBusy = true;
    this.#desk(queue).alerted();
    const leg = this.#customers.agentLeg(conversation, agent.user, "alerting", queue.id);
    const realTimeoutMs = Math.max(1, Math.round(alertingTimeoutMs / pace()));
    const offered = join(conversation, this.#stamp(conversation), { ...leg, alertingTimeoutMs: realTimeoutMs });
    this.#show(live, offered);
    if (chance.happens(NO_ANSWER_SHARE)) this.#in(alertingTimeoutMs, () => this.#noAnswer(live, offered, agent));
    else this.#in(chance.between(1500, Math.floor(alertingTimeoutMs * 0.8)), () => this.#answer(live, offered, agent));
  }

  /** 4a. The agent takes it; the queue's leg ends. */
  #answer(live: Live, offered: Participant, agent: Agent): void {
    if (hasEnded(offered) || live.acd === undefined) return;
    const { conversation } = live;
    const at = this.#stamp(conversation);
    connect(offered, at);
    offered.isRecorded = conversation.medium === "call";
    leave(conversation, live.acd, at, "transfer");
    this.#desk(live.queue).answered(live, this.#time);
    this.#show(live, offered, live.acd);
    this.agents.setRouting(agent, "INTERACTING");
    this.#talk(live, offered, agent);
  }

  /** 4b. Nobody took it: the offer ends, the agent is marked, the conversation waits again. */
  #noAnswer(live: Live, offered: Participant, agent: Agent): void {
    if (hasEnded(offered)) return;
    const desk = this.#desk(live.queue);
    leave(live.conversation, offered, this.#stamp(live.conversation), "transfer.noanswer");
    if (this.#isOpen(live.queue)) {
      desk.reenter(live, live.conversation.priority);
      this.#show(live, offered);
    } else this.#endAll(live, "system", "system");
    agent.isBusy = false;
    this.agents.setRouting(agent, "NOT_RESPONDING");
    this.#inAbout(NOT_RESPONDING_MEAN_MS, () => this.#becomeReady(agent));
    this.#serve(desk);
  }

  /** 4c. The customer gave up: every leg ends, and nobody has talked. */
  #abandon(live: Live, acd: Participant): void {
    if (hasEnded(acd)) return;
    this.#desk(live.queue).abandoned(live, this.#time);
    const agents = this.#endAll(live, "client", "peer");
    for (const agent of agents) {
      agent.isBusy = false;
      this.#becomeReady(agent);
    }
  }

  /** While they talk: holds, mutes, notes; then a transfer or the end. */
  #talk(live: Live, leg: Participant, agent: Agent): void {
    const { chance } = this.#parts;
    const lengthMs = 5000 + chance.exponential(MEDIUM_HABITS[live.conversation.medium].talkMs);
    const changes = chance.below(4);
    for (let count = 1; count <= changes; count += 1) {
      this.#in(lengthMs * chance.next(), () => this.#change(live, leg, count));
    }
    const isTransfer =
      live.transfers === 0 && chance.happens(TRANSFER_SHARE) && this.#parts.directory.queues.length > 1;
    this.#in(lengthMs, () => (isTransfer ? this.#transfer(live, leg, agent) : this.#hangUp(live, leg, agent)));
  }

  #change(live: Live, leg: Participant, count: number): void {
    if (hasEnded(leg)) return;
    const { conversation } = live;
    const { chance } = this.#parts;
    const at = this.#stamp(conversation);
    if (conversation.medium === "call" && leg.startHoldTime === undefined && chance.happens(0.4)) {
      leg.startHoldTime = at;
      this.#inAbout(15_000, () => this.#endHold(live, leg, count));
    } else {
      leg.muted = conversation.medium === "call" && chance.happens(0.2);
      annotate(leg, `note${count}`, at);
    }
    this.#show(live, leg);
  }

  #endHold(live: Live, leg: Participant, count: number): void {
    if (hasEnded(leg) || leg.startHoldTime === undefined) return;
    leg.startHoldTime = undefined;
    annotate(leg, `hold${count}EndedAt`, this.#stamp(live.conversation));
    this.#show(live, leg);
  }

  /** The agent hands the customer to another queue. */
  #transfer(live: Live, leg: Participant, agent: Agent): void {
    const { chance, directory } = this.#parts;
    const others = directory.queues.filter((queue) => queue !== live.queue);
    if (others.length === 0) return this.#hangUp(live, leg, agent);
    leave(live.conversation, leg, this.#stamp(live.conversation), "transfer");
    this.#desk(live.queue).handled();
    this.#beginWrapUp(live, leg, agent);
    live.transfers += 1;
    live.queue = chance.pick(others);
    this.#enterQueue(live);
  }

  /** 5. The end; the agent has work to do after it. */
  #hangUp(live: Live, leg: Participant, agent: Agent): void {
    const byCustomer = this.#parts.chance.happens(0.6);
    if (live.acd !== undefined) this.#desk(live.queue).handled();
    this.#beginWrapUp(live, leg, agent);
    this.#endAll(live, byCustomer ? "client" : "peer", byCustomer ? "peer" : "client");
  }

  #beginWrapUp(live: Live, leg: Participant, agent: Agent): void {
    leg.startAcwTime = leg.endTime ?? this.#stamp(live.conversation);
    const startedAt = live.conversation.changedAt;
    this.#inAbout(20_000, () => this.#endWrapUp(live, leg, agent, startedAt));
    if (hasEnded(leg)) this.#show(live, leg);
  }

  /** 6. The wrap-up is given: the last that is heard of the leg. */
  #endWrapUp(live: Live, leg: Participant, agent: Agent, startedAt: number): void {
    const endTime = this.#stamp(live.conversation);
    const durationSeconds = Math.round((live.conversation.changedAt - startedAt) / 1000);
    leg.wrapup = { code: this.#customers.wrapupCode(), durationSeconds, endTime };
    leg.endAcwTime = endTime;
    this.#show(live, leg);
    agent.isBusy = false;
    this.#becomeReady(agent);
  }

  /** Ends every leg; gives the agents whose offers fell with it. */
  #endAll(live: Live, customerType: string, otherType: string): readonly Agent[] {
    const { conversation } = live;
    const at = this.#stamp(conversation);
    const ended = conversation.participants.filter((participant) => !hasEnded(participant));
    const offered: Agent[] = [];
    for (const participant of ended) {
      const agent = participant.state === "alerting" ? this.agents.find(participant.userId ?? "") : undefined;
      if (agent !== undefined) offered.push(agent);
      leave(conversation, participant, at, participant.purpose === "customer" ? customerType : otherType);
      if (participant.startAcwTime !== undefined) participant.startAcwTime = at;
    }
    this.#show(live, ...ended);
    this.#live.delete(conversation.id);
    this.#ended.set(conversation.id, conversation);
    if (this.#ended.size > MAX_ENDED) this.#ended.delete(this.#ended.keys().next().value as string);
    return offered;
  }

  /** An agent calls a customer on behalf of a queue. */
  #dialOut(): void {
    const { chance, directory } = this.#parts;
    const queue = chance.pick(directory.queues);
    const agent = this.agents.longestIdle(queue.id);
    if (agent === undefined) return;
    const live = this.#open("outbound", queue, "call");
    const { conversation } = live;
    agent.isBusy = true;
    const leg = join(
      conversation,
      this.#stamp(conversation),
      this.#customers.agentLeg(conversation, agent.user, "dialing", queue.id),
    );
    const customer = join(
      conversation,
      new Date(conversation.changedAt).toISOString(),
      this.#customers.customer(conversation, "dialing"),
    );
    this.#show(live, leg, customer);
    this.agents.setRouting(agent, "INTERACTING");
    this.#in(chance.between(800, 2500), () => {
      leg.state = "contacting";
      customer.state = "contacting";
      annotate(leg, "contactingAt", this.#stamp(conversation));
      this.#show(live, leg, customer);
      this.#in(chance.between(3000, 15_000), () => this.#customerPicksUp(live, leg, customer, agent));
    });
  }

  #customerPicksUp(live: Live, leg: Participant, customer: Participant, agent: Agent): void {
    if (this.#parts.chance.happens(0.3)) return this.#hangUp(live, leg, agent);
    const at = this.#stamp(live.conversation);
    connect(leg, at);
    connect(customer, at);
    this.#show(live, leg, customer);
    return this.#talk(live, leg, agent);
  }

  #becomeReady(agent: Agent): void {
    if (agent.isGone && !agent.isBusy && agent.presence !== "OFFLINE") this.agents.setPresence(agent, "OFFLINE");
    if (agent.isBusy || agent.presence !== "ON_QUEUE") return;
    if (agent.wantsBreak) return this.#takeBreak(agent);
    this.agents.setRouting(agent, "IDLE");
    for (const queueId of agent.user.queueIds) {
      this.#serve(this.#desks.get(queueId) as QueueDesk<Live>);
    }
  }

  #planBreak(agent: Agent): void {
    this.#inAbout(BREAK_EVERY_MEAN_MS, () => {
      if (agent.isGone) return;
      if (agent.isBusy) agent.wantsBreak = true;
      else this.#takeBreak(agent);
    });
  }

  #takeBreak(agent: Agent): void {
    agent.wantsBreak = false;
    this.agents.setPresence(agent, this.#parts.chance.pick(BREAKS));
    this.#inAbout(BREAK_MEAN_MS, () => {
      if (agent.isGone) return;
      this.agents.setPresence(agent, "ON_QUEUE");
      this.#planBreak(agent);
      this.#becomeReady(agent);
    });
  }
}
