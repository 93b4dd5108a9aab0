/** Events from outside: hands the body of `POST /api/events` to the http source and says what became of each item. */
import type { EventsAnswer } from "../client/types.ts";
import type { IntakeResult, PushAnswer } from "../ports/source.ts";
import type { Service } from "../ports/service.ts";
import { errorAnswer, jsonAnswer, retryAfter } from "./answer.ts";
import type { RequestContext, Route } from "./app.ts";
import type { BodyReader } from "./body.ts";
import { bodyRefusal, mediaType } from "./request-json.ts";

/** What a sender is asked to wait when the work queue is full. */
const FULL_RETRY_MS = 1_000;

/** `POST /api/events`. */
export function eventRoutes(service: Service, readBody: BodyReader, maxBodyBytes: number): readonly Route[] {
  return [
    { method: "POST", path: "/api/events", handle: (context) => takeEvents(service, readBody, maxBodyBytes, context) },
  ];
}

async function takeEvents(
  service: Service,
  readBody: BodyReader,
  maxBodyBytes: number,
  context: RequestContext,
): Promise<Response> {
  const source = service.pushSource();
  if (source === undefined) {
    return errorAnswer(
      404,
      "not-found",
      "no source of type http is configured; add { name: local, type: http } to sources",
    );
  }
  const coding = context.env.incoming.headers["content-encoding"] ?? "identity";
  if (coding.toLowerCase() !== "identity") {
    return errorAnswer(
      415,
      "unsupported-media-type",
      "a compressed body is not taken: send it without Content-Encoding",
      {
        connection: "close",
      },
    );
  }
  const body = await readBody(context.env.incoming);
  if (body.kind !== "body") return bodyRefusal(body.kind, maxBodyBytes);
  try {
    return answerFor(await source.push(body.bytes, mediaType(context)));
  } finally {
    body.release();
  }
}

function answerFor(answer: PushAnswer): Response {
  switch (answer.kind) {
    case "malformed":
      return errorAnswer(400, "malformed", answer.message);
    case "unsupported-media-type":
      return errorAnswer(415, "unsupported-media-type", answer.message);
    case "too-large":
      return errorAnswer(413, "too-large", answer.message);
    case "items":
      return answerForItems(answer.results);
  }
}

function answerForItems(results: readonly IntakeResult[]): Response {
  const count = (status: IntakeResult["status"]): number => results.filter((result) => result.status === status).length;
  const full = count("full");
  if (full > 0) {
    const message = `the work queue is full: ${full} of ${results.length} not taken; send those again later`;
    const body: EventsAnswer = { results, error: { code: "unavailable", message } };
    return jsonAnswer(503, body, retryAfter(FULL_RETRY_MS));
  }
  const tooLarge = count("too-large");
  if (tooLarge > 0) {
    const message = `${tooLarge} of ${results.length} not taken: larger than the work queue may hold`;
    const body: EventsAnswer = { results, error: { code: "too-large", message } };
    return jsonAnswer(413, body);
  }
  const body: EventsAnswer = { results };
  return jsonAnswer(202, body);
}
