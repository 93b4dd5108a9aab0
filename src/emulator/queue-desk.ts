/** A queue at work: its line, its statistics of the half hour, and the alert when too many wait. */
import type { Agents } from "./agents.ts";
import type { Chance } from "./chance.ts";
import type { DirectoryQueue } from "./directory.ts";
import type { Stage } from "./stage.ts";

interface Place<T> {
  readonly item: T;
  readonly priority: number;
  readonly since: number;
}

/** Sums of one metric. */
interface Tally {
  count: number;
  sum: number;
  min: number;
  max: number;
}

/** What a desk needs of the centre. */
export interface DeskParts {
  readonly stage: Stage;
  readonly chance: Chance;
  readonly now: () => number;
  /** Plans something in the centre's time. */
  readonly in: (delayMs: number, run: () => void) => void;
}

const OBSERVE_AFTER_MS = 1000;
const HALF_HOUR_MS = 1_800_000;
const SERVICE_LEVEL_MS = 20_000;
const SERVICE_TARGET = 0.8;
/** A line longer than this turns customers away. */
const MAX_WAITING = 2000;
/** Waiting conversations at which the alert begins and ends. */
const ALERT_ABOVE = 8;
const ALERT_BELOW = 4;

/** One queue. */
export class QueueDesk<T> {
  readonly queue: DirectoryQueue;
  readonly #agents: Agents;
  readonly #parts: DeskParts;
  readonly #ruleId: string;
  #line: Place<T>[] = [];
  /** Since when those who were taken out of the line had waited: an offer that isn't answered gives the place back. */
  readonly #since = new Map<T, number>();
  #isObservationPlanned = false;
  #alert: { readonly id: string; readonly startedAt: number } | undefined;
  #interval = "";
  #intervalFrom = Number.NaN;
  #offered = 0;
  #alerts = 0;
  #handled = 0;
  #withinLevel = 0;
  #interacting = 0;
  #answeredTally: Tally = newTally();
  #abandonedTally: Tally = newTally();
  #said: Readonly<Record<string, unknown>>;

  constructor(queue: DirectoryQueue, agents: Agents, parts: DeskParts) {
    this.queue = queue;
    this.#agents = agents;
    this.#parts = parts;
    this.#ruleId = parts.chance.uuid();
    this.#turnInterval();
    this.#said = this.#observations();
  }

  /** Body of the last statistics that were sent; of the first moment before that. */
  get lastObservations(): Readonly<Record<string, unknown>> {
    return this.#said;
  }

  get hasWaiting(): boolean {
    return this.#line.length > 0;
  }

  get isFull(): boolean {
    return this.#line.length >= MAX_WAITING;
  }

  offered(): void {
    this.#turnInterval();
    this.#offered += 1;
    this.#changed();
  }

  /** Takes a place in the line. */
  enter(item: T, priority: number, at: number): void {
    this.#line.push({ item, priority, since: at });
    this.#since.set(item, at);
    this.#changed();
  }

  /** Takes the old place again. */
  reenter(item: T, priority: number): void {
    this.#line.push({ item, priority, since: this.#since.get(item) ?? 0 });
    this.#changed();
  }

  /** The most urgent; among equals the one who waits longest. */
  takeNext(): T | undefined {
    let best: Place<T> | undefined;
    for (const place of this.#line) {
      if (
        best === undefined ||
        place.priority > best.priority ||
        (place.priority === best.priority && place.since < best.since)
      )
        best = place;
    }
    if (best !== undefined) this.#line.splice(this.#line.indexOf(best), 1);
    return best?.item;
  }

  alerted(): void {
    this.#alerts += 1;
    this.#changed();
  }

  answered(item: T, at: number): void {
    const waitedMs = this.#leave(item, at);
    addTo(this.#answeredTally, waitedMs);
    if (waitedMs <= SERVICE_LEVEL_MS) this.#withinLevel += 1;
    this.#interacting += 1;
    this.#changed();
  }

  abandoned(item: T, at: number): void {
    addTo(this.#abandonedTally, this.#leave(item, at));
    this.#line = this.#line.filter((place) => place.item !== item);
    this.#changed();
  }

  handled(): void {
    this.#handled += 1;
    this.#interacting = Math.max(0, this.#interacting - 1);
    this.#changed();
  }

  #leave(item: T, at: number): number {
    const waitedMs = Math.round(at - (this.#since.get(item) ?? at));
    this.#since.delete(item);
    return waitedMs;
  }

  /** Statistics follow about a second after a change, however many changes there were. */
  #changed(): void {
    if (this.#isObservationPlanned) return;
    this.#isObservationPlanned = true;
    this.#parts.in(OBSERVE_AFTER_MS, () => this.#observe());
  }

  /** Sends the statistics, and the alert when a bound was crossed. */
  #observe(): void {
    this.#isObservationPlanned = false;
    this.#turnInterval();
    const { id } = this.queue;
    this.#said = this.#observations();
    this.#parts.stage.observations(id, this.#said);
    const isHigh = this.#line.length > ALERT_ABOVE;
    if (this.#alert === undefined && isHigh) this.#raiseAlert();
    else if (this.#alert !== undefined && this.#line.length < ALERT_BELOW) this.#closeAlert();
  }

  #observations(): Readonly<Record<string, unknown>> {
    return {
      group: { queueId: this.queue.id, mediaType: "voice" },
      data: [{ interval: this.#interval, metrics: this.#metrics() }],
    };
  }

  #metrics(): readonly unknown[] {
    const answered = this.#answeredTally.count;
    const onQueue = this.#agents.countRouting(this.queue.id);
    return [
      { metric: "nOffered", stats: { count: this.#offered } },
      { metric: "nHandled", stats: { count: this.#handled } },
      { metric: "tAlert", stats: { count: this.#alerts } },
      { metric: "tAnswered", stats: { ...this.#answeredTally } },
      { metric: "tAbandon", stats: { ...this.#abandonedTally } },
      {
        metric: "oServiceLevel",
        stats: {
          ratio: answered === 0 ? 1 : Math.round((this.#withinLevel / answered) * 1000) / 1000,
          numerator: this.#withinLevel,
          denominator: answered,
          target: SERVICE_TARGET,
        },
      },
      { metric: "oWaiting", stats: { count: this.#line.length } },
      { metric: "oInteracting", stats: { count: this.#interacting } },
      ...onQueue.map(([qualifier, count]) => ({ metric: "oOnQueueUsers", qualifier, stats: { count } })),
    ];
  }

  /** Counts begin anew with each half hour. */
  #turnInterval(): void {
    const from = Math.floor(this.#parts.now() / HALF_HOUR_MS) * HALF_HOUR_MS;
    if (from === this.#intervalFrom) return;
    this.#intervalFrom = from;
    this.#interval = `${new Date(from).toISOString()}/${new Date(from + HALF_HOUR_MS).toISOString()}`;
    this.#offered = 0;
    this.#alerts = 0;
    this.#handled = 0;
    this.#withinLevel = 0;
    this.#answeredTally = newTally();
    this.#abandonedTally = newTally();
  }

  #raiseAlert(): void {
    this.#alert = { id: this.#parts.chance.uuid(), startedAt: Math.floor(this.#parts.now()) };
    this.#sendAlert("CREATE", undefined);
  }

  #closeAlert(): void {
    this.#sendAlert("CLOSE", Math.max(Math.floor(this.#parts.now()), (this.#alert?.startedAt ?? 0) + 1));
    this.#alert = undefined;
  }

  /** The first member of the queue gets its alerts. */
  #sendAlert(action: "CREATE" | "CLOSE", endedAt: number | undefined): void {
    const userId = this.queue.memberIds[0];
    if (userId === undefined || this.#alert === undefined) return;
    const queue = { id: this.queue.id };
    this.#parts.stage.other(`v2.users.${userId}.alerting.alerts`, userId, {
      rule: { id: this.#ruleId, name: `Waiting > ${ALERT_ABOVE}`, type: "ConversationMetrics" },
      id: this.#alert.id,
      userId,
      dateStart: new Date(this.#alert.startedAt).toISOString(),
      dateEnd: endedAt === undefined ? undefined : new Date(endedAt).toISOString(),
      active: action === "CREATE",
      unread: true,
      muted: false,
      snoozed: false,
      action,
      alertSummary: {
        entities: [{ entityType: "Queue", queue, alerting: action === "CREATE" }],
        metricType: "Interval",
      },
      sendExitingAlarmNotification: false,
    });
  }
}

function newTally(): Tally {
  return { count: 0, sum: 0, min: 0, max: 0 };
}

function addTo(tally: Tally, value: number): void {
  tally.min = tally.count === 0 ? value : Math.min(tally.min, value);
  tally.max = Math.max(tally.max, value);
  tally.sum += value;
  tally.count += 1;
}
