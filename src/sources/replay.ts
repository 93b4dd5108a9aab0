/**
 * The replay source: a recording instead of a provider. It touches no platform; its events are new ones with the origin `replayed`.
 *
 * A recording may hold the events of several sources. Rules may ask for `event.source`, so {@link replaySources} makes one source for each name
 * and plays them together, in the recording's order; {@link replaySource} gives everything to one.
 */
import { createReadStream } from "node:fs";
import { invalid } from "../core/option-check.ts";
import type { ReceivedEvent, Source, SourceContext, SourceStatus } from "../ports/source.ts";
import { play, type PlayOptions, type RecordingBytes, type ReplayReport } from "./replay/player.ts";

export type { PlayOptions, RecordingBytes, ReplayReport } from "./replay/player.ts";

/** Where the recording is. */
export type RecordingPlace =
  | { readonly path: string }
  /** Its bytes or lines, in pieces of any size; asked anew for each round. */
  | { readonly lines: () => RecordingBytes };

/** What {@link replaySource} takes. */
export type ReplaySourceOptions = RecordingPlace &
  PlayOptions & { /** Unique among the sources. */ readonly name: string };

/** A source that comes to an end. */
export interface ReplaySource extends Source {
  /** Resolves when the last event was handed on, or the source was closed, or the recording can't be used; never rejects. */
  readonly finished: Promise<ReplayReport>;
}

/** Several sources that play one recording together. */
export interface ReplaySources {
  readonly sources: readonly Source[];
  readonly finished: Promise<ReplayReport>;
}

const READ_BYTES = 2 ** 18;
/** Wrong lines that are logged one by one. */
const MAX_TOLD = 20;

/**
 * A source that plays a recording, whichever sources its events came by.
 *
 * @throws RingfirstError `RF_OPTION_INVALID`
 * @example
 * ```ts
 * import { createRingfirst, handlerSink, replaySource } from "ringfirst";
 *
 * const source = replaySource({ name: "main", path: "monday.ndjson", speed: "max" });
 * const service = await createRingfirst({
 *   sources: [source],
 *   sinks: [{ sink: handlerSink({ name: "watch", handle: (event) => console.log(event.class, event.topic) }) }],
 * });
 * service.start();
 * const { events, wrongLines } = await source.finished;
 * await service.close();
 * console.log(`${events} events, ${wrongLines} lines that were none`);
 * ```
 */
export function replaySource(options: ReplaySourceOptions): ReplaySource {
  const { sources, finished } = replaySources([options.name], options);
  const [source] = sources;
  if (source === undefined) throw invalid("name", "a name", "none");
  return Object.assign(source, { finished });
}

/**
 * One source for each name, played together once all were started. Events of a source that is not named go to the first.
 *
 * @throws RingfirstError `RF_OPTION_INVALID`
 */
export function replaySources(names: readonly string[], options: RecordingPlace & PlayOptions): ReplaySources {
  const { speed = 1, fromMs = 0, toMs } = options;
  if (names.length === 0 || names.includes("")) throw invalid("name", "a name", '""');
  if (speed !== "max" && !(speed > 0 && speed <= 1e6)) {
    throw invalid("speed", '"max" or a number above 0 and up to 1000000', String(speed));
  }
  if (!(fromMs >= 0)) throw invalid("fromMs", "milliseconds from 0", String(fromMs));
  if (toMs !== undefined && !(toMs > fromMs)) throw invalid("toMs", "milliseconds after fromMs", String(toMs));
  const stage = new Stage(names, options);
  return { sources: stage.voices, finished: stage.finished };
}

/** What the sources of one recording share. */
class Stage {
  readonly voices: readonly Voice[];
  readonly finished: Promise<ReplayReport>;
  readonly #options: RecordingPlace & PlayOptions;
  readonly #closed = new AbortController();
  #finish: (report: ReplayReport) => void = () => undefined;
  #release: () => void = () => undefined;
  #room: Promise<void> | undefined;
  #playing: Promise<void> | undefined;
  #told = 0;

  constructor(names: readonly string[], options: RecordingPlace & PlayOptions) {
    this.#options = options;
    this.voices = names.map((name) => new Voice(name, this));
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  started(): void {
    if (this.#playing === undefined && this.voices.every((voice) => voice.context !== undefined)) {
      this.#playing = this.#play();
    }
  }

  /** One is held back, or let go. */
  changed(): void {
    if (this.voices.some((voice) => voice.held)) {
      this.#room ??= new Promise((resolve) => {
        this.#release = resolve;
      });
      return;
    }
    this.#room = undefined;
    this.#release();
  }

  async close(): Promise<void> {
    this.#closed.abort();
    for (const voice of this.voices) voice.held = false;
    this.changed();
    await this.#playing;
    // Never started: then nothing was played.
    const nothing = { events: 0, wrongLines: 0, torn: false, rounds: 0, lateMs: undefined, reason: undefined };
    this.#finish({ ...nothing, ended: "closed" });
  }

  async #play(): Promise<void> {
    const [first] = this.voices;
    const context = first?.context;
    if (first === undefined || context === undefined) return;
    const byName = new Map(this.voices.map((voice) => [voice.name, voice]));
    const target = {
      clock: context.clock,
      take: (source: string, event: ReceivedEvent) => (byName.get(source) ?? first).take(event),
      room: () => this.#room,
      wrongLine: (message: string) => this.#wrongLine(message, context),
    };
    const report = await play(() => this.#open(), this.#options, target, this.#closed.signal);
    if (report.reason !== undefined) context.logger.error({ events: report.events }, `${first.name}: ${report.reason}`);
    for (const voice of this.voices) voice.ended(report);
    this.#finish(report);
  }

  #open(): RecordingBytes {
    const options = this.#options;
    return "path" in options ? createReadStream(options.path, { highWaterMark: READ_BYTES }) : options.lines();
  }

  #wrongLine(message: string, { logger }: SourceContext): void {
    if (this.#options.onWrongLine !== undefined) {
      this.#options.onWrongLine(message);
      return;
    }
    this.#told += 1;
    if (this.#told <= MAX_TOLD) logger.warn({}, `the recording's ${message}; left out`);
    if (this.#told === MAX_TOLD) logger.warn({}, "further wrong lines of the recording are counted only");
  }
}

/** One source of the recording. */
class Voice implements Source {
  readonly type = "replay";
  /** It can wait: a file does not go on without us. */
  readonly live = false;
  readonly name: string;
  context: SourceContext | undefined;
  held = false;
  readonly #stage: Stage;
  #state: SourceStatus["state"] = "starting";
  #since = 0;
  #reason: string | undefined;

  constructor(name: string, stage: Stage) {
    this.name = name;
    this.#stage = stage;
  }

  start(context: SourceContext): void {
    if (this.context !== undefined || this.#state === "closed") return;
    this.context = context;
    this.#enter("live", undefined);
    this.#stage.started();
  }

  take(event: ReceivedEvent): void {
    if (this.context?.receive(event) === false) this.pause();
  }

  pause(): void {
    this.held = true;
    this.#stage.changed();
  }

  resume(): void {
    this.held = false;
    this.#stage.changed();
  }

  ended({ ended, reason }: ReplayReport): void {
    if (ended === "unusable") this.#enter("refused", reason);
    else this.#enter("closed", "the recording was played");
  }

  status(): SourceStatus {
    return { state: this.#state, since: this.#since, reason: this.#reason, connections: [], rejectedTopics: [] };
  }

  async close(): Promise<void> {
    await this.#stage.close();
    this.#enter("closed", this.#reason);
  }

  #enter(state: SourceStatus["state"], reason: string | undefined): void {
    this.#state = state;
    this.#reason = reason;
    this.#since = this.context?.clock.now() ?? 0;
  }
}
