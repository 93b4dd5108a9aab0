/**
 * The http source: events that programs send (`POST /api/events`). It opens no port; the server hands it request bodies.
 *
 * A sender can wait, so this source is held back when the work queue fills up: while paused, a request waits up to
 * `holdMs` for room before its events are admitted. That slows senders down without refusing what could still be taken;
 * what then finds no room is answered `full`.
 */
import type { PostedForm, PostedLimits } from "../core/posted-events.ts";
import { decodePostedEvents } from "../core/posted-events.ts";
import { RingfirstError } from "../errors.ts";
import type { PushAnswer, PushSource, SourceContext, SourceStatus } from "../ports/source.ts";

/** Options of {@link httpSource}. */
export interface HttpSourceOptions {
  /** Unique among the sources. */
  readonly name: string;
  readonly limits?: Partial<HttpSourceLimits>;
}

/** Bounds of an http source. */
export interface HttpSourceLimits {
  /** Of one event's body. @defaultValue `1_048_576` */
  readonly maxFrameBytes: number;
  /** Nesting of the request's JSON. @defaultValue `64` */
  readonly maxDepth: number;
  /** Events of one request. @defaultValue `10_000` */
  readonly maxItems: number;
  /** How long a request waits while the source is held back, in milliseconds. @defaultValue `2_000` */
  readonly holdMs: number;
}

const DEFAULT_LIMITS: HttpSourceLimits = { maxFrameBytes: 2 ** 20, maxDepth: 64, maxItems: 10_000, holdMs: 2_000 };

const FORMS: ReadonlyMap<string, PostedForm> = new Map([
  ["application/json", "any"],
  ["application/cloudevents+json", "cloudevent"],
  ["application/cloudevents-batch+json", "cloudevents"],
]);

/**
 * A source for events that are sent to the service.
 *
 * @throws RingfirstError `RF_OPTION_INVALID`
 *
 * @example
 * ```ts
 * import { httpSource } from "ringfirst";
 *
 * const local = httpSource({ name: "local" });
 * console.log(local.status().state);
 * ```
 */
export function httpSource(options: HttpSourceOptions): PushSource {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  if (options.name === "") throw invalid("name", "a name", "an empty one");
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isSafeInteger(value) || value < (name === "holdMs" ? 0 : 1)) {
      throw invalid(`limits.${name}`, "a whole number above 0", String(value));
    }
  }
  return new HttpSource(options.name, limits);
}

function invalid(path: string, allowed: string, found: string): RingfirstError {
  return new RingfirstError("RF_OPTION_INVALID", `http source: ${path}: ${allowed} expected, found ${found}`, {
    details: { path },
  });
}

class HttpSource implements PushSource {
  readonly name: string;
  readonly type = "http";
  readonly live = false;
  readonly #holdMs: number;
  readonly #limits: PostedLimits;
  #context: SourceContext | undefined;
  #state: "starting" | "live" | "closed" = "starting";
  #since = 0;
  #paused = false;
  /** Requests that wait for `resume`. */
  readonly #held = new Set<() => void>();
  readonly #pushes = new Set<Promise<unknown>>();

  constructor(name: string, limits: HttpSourceLimits) {
    this.name = name;
    this.#holdMs = limits.holdMs;
    this.#limits = { maxItems: limits.maxItems, maxEventBytes: limits.maxFrameBytes, maxDepth: limits.maxDepth };
  }

  start(context: SourceContext): void {
    this.#context = context;
    this.#enter("live");
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#letGo();
  }

  async push(body: Uint8Array, contentType: string): Promise<PushAnswer> {
    const context = this.#context;
    if (context === undefined || this.#state !== "live") {
      throw new RingfirstError("RF_SERVICE_CLOSED", `the source ${this.name} takes no events now`, { retryable: true });
    }
    const form = FORMS.get(contentType);
    if (form === undefined) {
      const allowed = [...FORMS.keys()].join(", ");
      return { kind: "unsupported-media-type", message: `Content-Type must be one of ${allowed}` };
    }
    const posted = decodePostedEvents(body, form, this.#limits);
    if (!posted.ok) return { kind: posted.kind, message: posted.message };
    const push = this.#admit(context, posted.events);
    this.#pushes.add(push);
    return push.finally(() => this.#pushes.delete(push));
  }

  status(): SourceStatus {
    return { state: this.#state, since: this.#since, reason: undefined, connections: [], rejectedTopics: [] };
  }

  async close(): Promise<void> {
    if (this.#state !== "closed") this.#enter("closed");
    this.#letGo();
    await Promise.allSettled(this.#pushes);
  }

  async #admit(
    context: SourceContext,
    events: Extract<ReturnType<typeof decodePostedEvents>, { readonly ok: true }>["events"],
  ): Promise<PushAnswer> {
    if (events.length === 0) return { kind: "items", results: [] };
    if (this.#paused) await this.#room(context);
    const receivedAt = context.clock.now();
    const results = await context.admit(events.map((event) => ({ ...event, origin: "live", receivedAt })));
    return { kind: "items", results };
  }

  /** Resolves when the source is let go, or after `holdMs`. */
  #room({ clock }: SourceContext): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        this.#held.delete(done);
        resolve();
      };
      const timer = clock.setTimer(this.#holdMs, done);
      this.#held.add(done);
    });
  }

  #letGo(): void {
    for (const done of this.#held) done();
  }

  #enter(state: "live" | "closed"): void {
    this.#state = state;
    this.#since = this.#context?.clock.now() ?? 0;
  }
}
