/** Dead letters: listed, given another try, or thrown away. */
import type {
  DeadLetterBody,
  DeadLetterEvent,
  DeadLetterList,
  DeadLetterReport,
  DeadLetterResults,
} from "../client/types.ts";
import { NOTIFICATION_TYPE } from "../core/event.ts";
import type { EventRecord } from "../core/event-record.ts";
import { parseEventRecord } from "../core/event-record.ts";
import type { Service } from "../ports/service.ts";
import type { DeadLetter, DeadLetterQuery, DiscardResult, RedriveResult } from "../ports/store.ts";
import { jsonAnswer } from "./answer.ts";
import type { RequestContext, Route } from "./app.ts";
import type { BodyReader } from "./body.ts";
import type { JsonObject, Parsed } from "./request-json.ts";
import { readJsonObject, refuse } from "./request-json.ts";

/** Dead letters of one answer. */
const MAX_LISTED = 1_000;
/** Seqs of one request. */
const MAX_SEQS = 10_000;
const LISTED_BY_DEFAULT = 100;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** `GET /api/dead-letters`, `POST …/redrive`, `POST …/discard`. */
export function deadLetterRoutes(
  service: Service,
  readBody: BodyReader,
  limits: { readonly maxBodyBytes: number; readonly maxDepth: number },
): readonly Route[] {
  const act = (
    verb: "redrive" | "discard",
    run: (sink: string, seqs: readonly number[]) => Promise<readonly (RedriveResult | DiscardResult)[]>,
  ): Route => ({
    method: "POST",
    path: `/api/dead-letters/${verb}`,
    async handle(context) {
      const body = await readJsonObject(context, readBody, limits);
      if (!body.ok) return body.answer;
      const named = parseNamed(body.value);
      if (!named.ok) return named.answer;
      const { sink, seqs } = named.value;
      const results = await run(sink, seqs);
      const answer: DeadLetterResults<RedriveResult | DiscardResult> = {
        sink,
        results: seqs.map((seq, index) => ({ seq, result: results[index] ?? "unknown" })),
      };
      return jsonAnswer(200, answer);
    },
  });
  return [
    { method: "GET", path: "/api/dead-letters", handle: (context) => listDeadLetters(service, context) },
    act("redrive", (sink, seqs) => service.redrive(sink, seqs)),
    act("discard", (sink, seqs) => service.discard(sink, seqs)),
  ];
}

async function listDeadLetters(service: Service, context: RequestContext): Promise<Response> {
  const query = parseListQuery(context);
  if (!query.ok) return query.answer;
  const letters = await service.deadLetters(query.value);
  const withBody = context.req.query("body") === "true";
  const answer: DeadLetterList = { deadLetters: letters.map((letter) => toReport(letter, withBody)) };
  return jsonAnswer(200, answer);
}

function parseListQuery(context: RequestContext): Parsed<DeadLetterQuery> {
  const after = wholeNumber(context.req.query("after"));
  const limit = wholeNumber(context.req.query("limit")) ?? LISTED_BY_DEFAULT;
  if (Number.isNaN(after)) return refuse(400, "bad-request", "after: a whole number expected (a seq)");
  if (!(limit >= 1 && limit <= MAX_LISTED)) {
    return refuse(400, "bad-request", `limit: a whole number from 1 to ${MAX_LISTED} expected`);
  }
  return { ok: true, value: { sink: context.req.query("sink"), after, limit } };
}

function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
}

function parseNamed(value: JsonObject): Parsed<{ readonly sink: string; readonly seqs: readonly number[] }> {
  const { sink, seqs } = value;
  if (typeof sink !== "string") return refuse(400, "malformed", "sink: the name of a sink expected");
  if (!Array.isArray(seqs) || seqs.length === 0 || seqs.length > MAX_SEQS || !seqs.every(isSeq)) {
    return refuse(400, "malformed", `seqs: a list of 1 to ${MAX_SEQS} whole numbers expected`);
  }
  return { ok: true, value: { sink, seqs } };
}

function isSeq(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function toReport(letter: DeadLetter, withBody: boolean): DeadLetterReport {
  const { payload, key, ...facts } = letter;
  const record = readRecord(payload);
  return {
    ...facts,
    ...(key === undefined ? {} : { key }),
    ...(record === undefined ? {} : { event: toEventFacts(record) }),
    ...(withBody && record !== undefined ? { body: toBody(record) } : {}),
  };
}

function readRecord(payload: Uint8Array): EventRecord | undefined {
  try {
    return parseEventRecord(payload);
  } catch {
    // A payload of another version is still a dead letter that can be listed, redriven and discarded.
    return undefined;
  }
}

function toEventFacts({ source, topic, type, origin, receivedAt, body }: EventRecord): DeadLetterEvent {
  return { source, topic, type: type === "" ? NOTIFICATION_TYPE : type, origin, receivedAt, bodyBytes: body.length };
}

/** Text as it is, never parsed and written again: what is nested too deeply or holds large numbers would not survive. */
function toBody({ encoding, body }: EventRecord): DeadLetterBody {
  if (encoding !== "binary") {
    try {
      return { encoding, text: utf8.decode(body) };
    } catch {
      // Not UTF-8 after all.
    }
  }
  return { encoding, base64: Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("base64") };
}
