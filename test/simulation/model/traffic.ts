/** What goes on in the model contact centre: people change their presence, calls come, ring, are answered and end. */
import type { Chance } from "../chance.ts";
import type { Timeline } from "../timeline.ts";
import type { Platform } from "./platform.ts";
import type { Account } from "./rest.ts";

/** How busy it is; faults change it. */
export interface Busyness {
  /** So many times as many events. */
  factor: number;
  /** Chance that the platform says something twice. */
  twice: number;
}

const STAGES = ["alerting", "connected", "held", "connected", "terminated"] as const;
const STAGE_MS = 20_000;

/** The events of a centre (see the top of this file). */
export class Traffic {
  readonly busyness: Busyness = { factor: 1, twice: 0.002 };
  readonly #timeline: Timeline;
  readonly #chance: Chance;
  readonly #platform: Platform;
  readonly #account: Account;
  readonly #everyMs: number;
  #marks = 0;
  #conversations = 0;
  #on = false;

  constructor(timeline: Timeline, chance: Chance, platform: Platform, account: Account, everyMs: number) {
    this.#timeline = timeline;
    this.#chance = chance;
    this.#platform = platform;
    this.#account = account;
    this.#everyMs = everyMs;
  }

  start(): void {
    this.#on = true;
    this.#next();
  }

  stop(): void {
    this.#on = false;
  }

  #next(): void {
    const waitMs = (-Math.log(1 - this.#chance.next()) * this.#everyMs) / this.busyness.factor;
    this.#timeline.after(
      Math.min(waitMs, 600_000),
      () => {
        if (!this.#on) return;
        if (this.#chance.hits(0.5)) this.#presence();
        else this.#conversation();
        this.#next();
      },
      true,
    );
  }

  #presence(): void {
    const user = this.#chance.pick(this.#account.users);
    const body = { mark: this.#mark(), source: "PURECLOUD", presenceDefinition: { systemPresence: "AVAILABLE" } };
    this.#emit(`v2.users.${user}.presence`, user, body);
  }

  #conversation(): void {
    this.#conversations += 1;
    const id = `conversation-${this.#conversations}`;
    const queue = this.#chance.pick(this.#account.queues);
    const brief = this.#chance.hits(0.2);
    let waitMs = 0;
    for (const state of STAGES) {
      waitMs += this.#chance.next() * STAGE_MS;
      const say = (): void => {
        const body = { id, mark: this.#mark(), brief, participants: [{ purpose: "agent", calls: [{ state }] }] };
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
