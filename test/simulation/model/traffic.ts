/**
 * What goes on in the model contact centre: people change their presence, calls come, ring, are answered and end. Much goes on where
 * something is to be seen, around faults; the rest of the time is quiet, and costs little.
 */
import type { Chance } from "../chance.ts";
import type { Timeline } from "../timeline.ts";
import { isoInstant, type Platform } from "./platform.ts";
import type { Account } from "./rest.ts";

/** How busy it is; faults change it. */
export interface Busyness {
  /** So many times as many events. */
  factor: number;
  /** Chance that the platform says something twice. */
  twice: number;
}

const STAGES = ["alerting", "connected", "held", "connected", "terminated"] as const;
const PRESENCES = ["AVAILABLE", "BUSY", "AWAY", "ON_QUEUE", "OFFLINE"] as const;
const STAGE_MS = 20_000;
/** Between two things that begin, on average. */
const BUSY_EVERY_MS = 12_000;
const QUIET_EVERY_MS = 8 * 60_000;

interface Span {
  readonly from: number;
  readonly to: number;
}

/** The events of a centre (see the top of this file). */
export class Traffic {
  readonly busyness: Busyness = { factor: 1, twice: 0.002 };
  readonly #timeline: Timeline;
  readonly #chance: Chance;
  readonly #platform: Platform;
  readonly #account: Account;
  #busy: readonly Span[] = [];
  #marks = 0;
  #conversations = 0;
  #on = false;

  constructor(timeline: Timeline, chance: Chance, platform: Platform, account: Account) {
    this.#timeline = timeline;
    this.#chance = chance;
    this.#platform = platform;
    this.#account = account;
  }

  /** Much goes on in these intervals, which are in order. */
  start(busy: readonly Span[]): void {
    this.#busy = busy;
    this.#on = true;
    this.#next();
  }

  stop(): void {
    this.#on = false;
  }

  #next(): void {
    const { now } = this.#timeline;
    this.#busy = this.#busy.slice(
      Math.max(
        0,
        this.#busy.findIndex(({ to }) => to > now),
      ),
    );
    const [span] = this.#busy;
    const isBusy = span !== undefined && span.from <= now && span.to > now;
    const everyMs = isBusy || this.busyness.factor > 1 ? BUSY_EVERY_MS : QUIET_EVERY_MS;
    const waitMs = (-Math.log(1 - this.#chance.next()) * everyMs) / this.busyness.factor;
    const untilBusyMs = span !== undefined && span.from > now ? span.from - now : Infinity;
    const isEarly = untilBusyMs < waitMs;
    this.#timeline.after(
      Math.min(waitMs, untilBusyMs),
      () => {
        if (!this.#on) return;
        if (!isEarly && this.#chance.hits(0.5)) this.#presence();
        else if (!isEarly) this.#conversation();
        this.#next();
      },
      true,
    );
  }

  #presence(): void {
    const user = this.#chance.pick(this.#account.users);
    const systemPresence = this.#chance.pick(PRESENCES);
    const at = this.#timeline.now;
    const body = {
      mark: this.#mark(),
      source: "PURECLOUD",
      presenceDefinition: { id: `presence-${systemPresence}`, systemPresence },
      primary: true,
      message: "",
      modifiedDate: isoInstant(at),
    };
    this.#platform.noteDate(user, body.modifiedDate, body.mark);
    this.#platform.states.notePerson(user, { at, body });
    this.#emit(`v2.users.${user}.presence`, user, body);
  }

  #conversation(): void {
    this.#conversations += 1;
    const id = `conversation-${this.#conversations}`;
    const queue = this.#chance.pick(this.#account.queues);
    const user = this.#chance.pick(this.#account.users);
    const brief = this.#chance.hits(0.2);
    let waitMs = 0;
    let connectedAt: number | undefined;
    for (const stage of STAGES) {
      waitMs += this.#chance.next() * STAGE_MS;
      const say = (): void => {
        const at = this.#timeline.now;
        if (stage === "connected") connectedAt ??= at;
        const participant = participantOf({ id: `${id}-agent`, user, queue, stage, at, connectedAt });
        const body = { id, mark: this.#mark(), brief, participants: [participant] };
        this.#platform.states.noteConversation(id, queue, { at, body }, stage === "terminated");
        this.#emit(`v2.routing.queues.${queue}.conversations`, id, body);
      };
      this.#timeline.after(waitMs, say, true);
    }
  }

  #emit(topic: string, key: string, body: { readonly mark: number }): void {
    const text = JSON.stringify(body);
    this.#platform.emit(topic, key, body.mark, text);
    if (this.#chance.hits(this.busyness.twice)) this.#platform.emit(topic, key, body.mark, text);
  }

  #mark(): number {
    this.#marks += 1;
    return this.#marks;
  }
}

interface Stage {
  readonly id: string;
  readonly user: string;
  readonly queue: string;
  readonly stage: (typeof STAGES)[number];
  readonly at: number;
  readonly connectedAt: number | undefined;
}

/** The agent in the generic shape. */
function participantOf({ id, user, queue, stage, at, connectedAt }: Stage): object {
  const isOver = stage === "terminated";
  const times = {
    ...(connectedAt !== undefined && { connectedTime: isoInstant(connectedAt) }),
    ...(isOver && { endTime: isoInstant(at) }),
  };
  const call = {
    id: `${id}-call`,
    state: stage === "held" ? "connected" : stage,
    held: stage === "held",
    ...(connectedAt !== undefined && { connectedTime: isoInstant(connectedAt) }),
    ...(isOver && { disconnectedTime: isoInstant(at), disconnectType: "client" }),
  };
  return { id, purpose: "agent", userId: user, queueId: queue, ...times, calls: [call] };
}
