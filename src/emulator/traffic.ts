/**
 * The pace of the centre: in real time, or as fast as the wanted rate of frames takes.
 *
 * With a rate, each tick spends what its budget of frames allows, and the centre's time follows. Without one, the centre
 * lives in real time.
 */
import type { Clock, Timer } from "../ports/clock.ts";
import type { Broadcast } from "./broadcast.ts";
import { Centre } from "./centre.ts";
import { createChance } from "./chance.ts";
import type { Conversation } from "./conversation.ts";
import type { Directory, DirectoryQueue, DirectoryUser } from "./directory.ts";
import { FrameBudget } from "./frame-budget.ts";
import type { ResolvedEmulatorOptions } from "./options.ts";
import type { StateSource } from "./rest-states.ts";
import type { Json, Said } from "./said.ts";
import type { StaffListener } from "./staff.ts";
import { Stage } from "./stage.ts";

const TICK_MS = 10;
/** Longest sleep in real time, so that a stepped clock is noticed. */
const MAX_SLEEP_MS = 1000;
/** A tick works no longer than this, or nothing else would get its turn. */
const MAX_TICK_MS = 50;
/** How fast the reading of the pace follows. */
const PACE_SMOOTHING = 0.02;

/** What the traffic needs. */
export interface TrafficParts {
  readonly options: ResolvedEmulatorOptions;
  readonly directory: Directory;
  readonly broadcast: Broadcast;
  readonly said: Said;
  readonly isSomebodyHere: () => boolean;
}

/** The traffic of one emulator, and the states that it has led to. */
export class Traffic implements StateSource, StaffListener {
  readonly #options: ResolvedEmulatorOptions;
  readonly #directory: Directory;
  readonly #broadcast: Broadcast;
  readonly #said: Said;
  readonly #clock: Clock;
  readonly #isSomebodyHere: () => boolean;
  #centre: Centre;
  #stage: Stage;
  #timer: Timer | undefined;
  #isRunning = false;
  #tickedAt = 0;
  #centreTime = 0;
  #budget: FrameBudget | undefined;
  #pace = 1;

  constructor({ options, directory, broadcast, said, isSomebodyHere }: TrafficParts) {
    this.#options = options;
    this.#directory = directory;
    this.#broadcast = broadcast;
    this.#said = said;
    this.#clock = options.clock;
    this.#isSomebodyHere = isSomebodyHere;
    this.#budget = this.#newBudget();
    [this.#centre, this.#stage] = this.#newCentre();
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#tickedAt = this.#clock.monotonic();
    this.#plan();
  }

  stop(): void {
    this.#isRunning = false;
    this.#timer?.cancel();
  }

  /** The same centre from its first second. */
  reset(): void {
    const wasRunning = this.#isRunning;
    this.stop();
    [this.#centre, this.#stage] = this.#newCentre();
    this.#centreTime = 0;
    this.#budget = this.#newBudget();
    this.#pace = 1;
    if (wasRunning) this.start();
  }

  userJoined(user: DirectoryUser): void {
    this.#tell((centre) => centre.userJoined(user));
  }

  userLeft(user: DirectoryUser): void {
    this.#tell((centre) => centre.userLeft(user));
  }

  queueOpened(queue: DirectoryQueue): void {
    this.#tell((centre) => centre.queueOpened(queue));
  }

  queueClosed(queue: DirectoryQueue): void {
    this.#tell((centre) => centre.queueClosed(queue));
  }

  memberChanged(queue: DirectoryQueue, user: DirectoryUser, joined: boolean): void {
    this.#tell((centre) => centre.memberChanged(queue, user, joined));
  }

  presence(userId: string): Json | undefined {
    const agent = this.#centre.agents.find(userId);
    return agent && this.#stage.presenceBody(agent);
  }

  routing(userId: string): Json | undefined {
    const agent = this.#centre.agents.find(userId);
    return agent && this.#stage.routingStatus(agent);
  }

  observations(queueId: string): Json | undefined {
    return this.#centre.observations(queueId);
  }

  conversation(id: string): Conversation | undefined {
    return this.#centre.conversation(id);
  }

  conversations(): Iterable<Conversation> {
    return this.#centre.conversations();
  }

  #tell(what: (centre: Centre) => void): void {
    this.#broadcast.together(() => what(this.#centre));
  }

  #newCentre(): [Centre, Stage] {
    const { seed, callsPerHour, clock } = this.#options;
    const ids = createChance(seed, 2);
    const stage = new Stage({
      broadcast: this.#broadcast,
      directory: this.#directory,
      uuid: () => ids.uuid(),
      said: this.#said,
      onQueue: this.#options.switches.onQueueInEvents,
    });
    const centre = new Centre({
      chance: createChance(seed, 1),
      directory: this.#directory,
      stage,
      callsPerHour,
      now: () => clock.now(),
      pace: () => this.#pace,
    });
    return [centre, stage];
  }

  #plan(): void {
    const nextAt = this.#centre.nextAt;
    if (!this.#isRunning || nextAt === undefined) return;
    // At least a millisecond: a remainder of floating-point arithmetic must not become a loop.
    const untilNextMs = Math.min(MAX_SLEEP_MS, Math.max(1, Math.ceil(nextAt - this.#centreTime)));
    const sleepMs = this.#budget === undefined ? untilNextMs : TICK_MS;
    this.#timer = this.#clock.setTimer(sleepMs, () => this.#tick());
  }

  #tick(): void {
    const now = this.#clock.monotonic();
    const elapsedMs = now - this.#tickedAt;
    this.#tickedAt = now;
    const budget = this.#budget;
    this.#broadcast.together(() => {
      if (budget === undefined) this.#liveUntil(this.#centreTime + elapsedMs);
      else this.#spend(budget, elapsedMs);
    });
    this.#plan();
  }

  #liveUntil(end: number): void {
    for (let nextAt = this.#centre.nextAt; nextAt !== undefined && nextAt <= end; nextAt = this.#centre.nextAt)
      this.#centre.step();
    this.#centreTime = end;
  }

  #newBudget(): FrameBudget | undefined {
    const { rate } = this.#options;
    return rate === undefined ? undefined : new FrameBudget(rate);
  }

  /** Steps until the frames that this tick may send are spent. */
  #spend(budget: FrameBudget, elapsedMs: number): void {
    const startedAt = this.#centreTime;
    budget.begin(elapsedMs);
    const isSomebodyHere = this.#isSomebodyHere();
    const { count } = this.#stage;
    const endsAt = this.#clock.monotonic() + MAX_TICK_MS;
    while (budget.hasLeft && this.#clock.monotonic() < endsAt) {
      const nextAt = this.#centre.nextAt;
      if (nextAt === undefined) return;
      const { produced, heard } = count;
      this.#centreTime = nextAt;
      this.#centre.step();
      const newlyHeard = count.heard - heard;
      budget.spend(newlyHeard, count.produced - produced - newlyHeard, isSomebodyHere);
    }
    if (elapsedMs > 0) this.#pace += ((this.#centreTime - startedAt) / elapsedMs - this.#pace) * PACE_SMOOTHING;
    this.#pace = Math.max(this.#pace, 0.01);
  }
}
