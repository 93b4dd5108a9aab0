/**
 * Reading recordings (recording.ts): bytes to events. Total for what follows the first line: a wrong line is told, with its number, what
 * was found and what is allowed, and the next good one is read.
 */
import { RingfirstError } from "../errors.ts";
import type { BodyEncoding, Origin } from "./event-record.ts";
import { createJsonScanner, type JsonScanner } from "./json-scan.ts";
import { decodeJson } from "./json-spans.ts";
import { RECORDING_VERSION, type RecordedEvent, type RecordingHeader } from "./recording.ts";
import { LineCutter, type NumberedLine } from "./recording-lines.ts";

/** What a recording holds, in order: its header first. */
export type RecordingItem =
  | { readonly kind: "header"; readonly header: RecordingHeader }
  | { readonly kind: "event"; readonly event: RecordedEvent; readonly line: number }
  /** A line that is no event; `message` names the line. */
  | { readonly kind: "wrong"; readonly line: number; readonly message: string }
  /** The last line was cut off, as happens when a recorder is killed. */
  | { readonly kind: "torn"; readonly line: number };

/** Bounds of what is read. */
export interface RecordingLimits {
  /** Of one line. @defaultValue 16 MiB */
  readonly maxLineBytes?: number;
  /** Nesting of one line. @defaultValue `128` */
  readonly maxDepth?: number;
}

const ENCODINGS: readonly BodyEncoding[] = ["json", "text", "binary"];
const ORIGINS: readonly Origin[] = ["live", "reconciled", "replayed"];
const EXPECTED = 'a recording begins with {"ringfirst":"recording","version":1,…}';

/** A reader of one recording; bytes are given as they come. */
export class RecordingReader {
  readonly #cutter: LineCutter;
  readonly #maxDepth: number;
  readonly #maxLineBytes: number;
  readonly #scanner: JsonScanner;
  #hasHeader = false;

  constructor({ maxLineBytes = 2 ** 24, maxDepth = 128 }: RecordingLimits = {}) {
    this.#cutter = new LineCutter(maxLineBytes);
    this.#maxDepth = maxDepth;
    this.#maxLineBytes = maxLineBytes;
    this.#scanner = createJsonScanner([["body"]], { maxDepth });
  }

  /**
   * What is in these bytes. Bodies may be views on them.
   *
   * @throws RingfirstError `RF_RECORDING_UNUSABLE` where the first line is no header, or one of a newer version
   */
  push(piece: Uint8Array): RecordingItem[] {
    return this.#cutter.push(piece).flatMap((line) => this.#read(line));
  }

  /** What was left. @throws RingfirstError `RF_RECORDING_UNUSABLE` for a file without a header */
  end(): RecordingItem[] {
    const line = this.#cutter.end();
    const items = line === undefined ? [] : this.#read(line);
    if (!this.#hasHeader) throw unusable(`it is empty; ${EXPECTED}`);
    return items;
  }

  #read({ number, bytes, isWhole }: NumberedLine): RecordingItem[] {
    if (!this.#hasHeader) {
      const header = this.#header(bytes);
      this.#hasHeader = true;
      return [{ kind: "header", header }];
    }
    if (bytes === undefined) {
      return [wrong(number, `at most ${this.#maxLineBytes} bytes are allowed, found more`)];
    }
    if (bytes.length === 0) return [];
    const read = this.#event(bytes);
    if (typeof read !== "string") return [{ kind: "event", event: read, line: number }];
    return [isWhole ? wrong(number, read) : { kind: "torn", line: number }];
  }

  #header(bytes: Uint8Array | undefined): RecordingHeader {
    const json = bytes === undefined ? undefined : decodeJson(bytes, this.#maxDepth);
    const object = json?.ok === true ? asObject(json.value) : undefined;
    if (object?.["ringfirst"] !== "recording") {
      const found =
        json?.ok === false ? `no JSON (${json.reason})` : object === undefined ? "no object" : "another one";
      throw unusable(`line 1 is no header: found ${found}; ${EXPECTED}`);
    }
    const { version, startedAt, sources, anonymised } = object;
    if (typeof version !== "number" || !Number.isInteger(version) || version < 1) {
      throw unusable(`line 1: version: a whole number from 1 to ${RECORDING_VERSION} expected, found ${show(version)}`);
    }
    if (version > RECORDING_VERSION) {
      throw unusable(
        `it has version ${version}; this ringfirst reads up to version ${RECORDING_VERSION}: use a newer one`,
      );
    }
    const time = typeof startedAt === "string" ? Date.parse(startedAt) : Number.NaN;
    if (Number.isNaN(time)) throw unusable(`line 1: startedAt: a time expected, found ${show(startedAt)}`);
    if (!Array.isArray(sources) || !sources.every((name) => typeof name === "string" && name !== "")) {
      throw unusable(`line 1: sources: a list of names expected, found ${show(sources)}`);
    }
    return { version, startedAt: time, sources: sources as string[], anonymised: anonymised === true };
  }

  /** The event, or what is wrong with the line. */
  #event(bytes: Uint8Array): RecordedEvent | string {
    const json = decodeJson(bytes, this.#maxDepth);
    if (!json.ok) return `a JSON object expected, found ${json.reason}`;
    const object = asObject(json.value);
    if (object === undefined) return `a JSON object expected, found ${show(json.value)}`;
    const { at, source, topic, origin } = object;
    if (typeof at !== "number" || !(at >= 0 && at < Number.MAX_SAFE_INTEGER))
      return `at: a number from 0 expected, found ${show(at)}`;
    if (typeof source !== "string" || source === "") return `source: a name expected, found ${show(source)}`;
    if (typeof topic !== "string") return `topic: a text expected, found ${show(topic)}`;
    if (origin !== undefined && !ORIGINS.includes(origin as Origin)) {
      return `origin: one of ${ORIGINS.join(", ")} expected, found ${show(origin)}`;
    }
    const texts = optionalTexts(object);
    if (typeof texts === "string") return texts;
    const body = this.#body(bytes, object);
    if (typeof body === "string") return body;
    return { at, source, topic, ...body, ...texts, ...(origin === undefined ? {} : { origin: origin as Origin }) };
  }

  #body(
    bytes: Uint8Array,
    object: Readonly<Record<string, unknown>>,
  ): { readonly body: Uint8Array; readonly encoding: BodyEncoding } | string {
    const { encoding = "json", base64 } = object;
    if (!ENCODINGS.includes(encoding as BodyEncoding)) {
      return `encoding: one of ${ENCODINGS.join(", ")} expected, found ${show(encoding)}`;
    }
    if (base64 !== undefined) {
      const body = typeof base64 === "string" ? fromBase64(base64) : undefined;
      if (body === undefined) return `base64: base64 expected, found ${show(base64)}`;
      return { body, encoding: encoding as BodyEncoding };
    }
    const body = this.#scanner.scan(bytes) === "ok" ? this.#scanner.slice(0) : undefined;
    if (body === undefined) return "body: a JSON value, or base64, expected, found neither";
    return { body, encoding: "json" };
  }
}

const TEXTS = ["key", "id", "type", "correlationId"] as const;

function optionalTexts(
  object: Readonly<Record<string, unknown>>,
): Partial<Record<(typeof TEXTS)[number], string>> | string {
  const texts: Partial<Record<(typeof TEXTS)[number], string>> = {};
  for (const name of TEXTS) {
    const value = object[name];
    if (value === undefined) continue;
    if (typeof value !== "string") return `${name}: a text expected, found ${show(value)}`;
    texts[name] = value;
  }
  return texts;
}

function wrong(line: number, what: string): RecordingItem {
  return { kind: "wrong", line, message: `line ${line}: ${what}` };
}

function unusable(what: string): RingfirstError {
  return new RingfirstError("RF_RECORDING_UNUSABLE", `the recording can't be used: ${what}`);
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? (value as Readonly<Record<string, unknown>>) : undefined;
}

/** What was found, short; of texts the beginning. */
function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function fromBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
