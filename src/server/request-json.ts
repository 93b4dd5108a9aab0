/** Reads the JSON of a request: media type, size, time, encoding and depth checked before anything is parsed. */
import { decodeJson } from "../core/json-spans.ts";
import { errorAnswer, retryAfter } from "./answer.ts";
import type { RequestContext } from "./app.ts";
import type { BodyReader, BodyResult } from "./body.ts";

/** A value, or the answer that says why there is none. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly answer: Response };

/** A JSON object from a request; a prototype-less view of nothing: only own members are ever read. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The media type of a request without parameters, in lower case; "" where there is none. */
export function mediaType(context: RequestContext): string {
  const header = context.env.incoming.headers["content-type"] ?? "";
  return (header.split(";", 1)[0] ?? "").trim().toLowerCase();
}

/** The answer for a body that could not be read. The connection ends with it: the rest of the body is not waited for. */
export function bodyRefusal(kind: Exclude<BodyResult["kind"], "body">, maxBodyBytes: number): Response {
  const close = { connection: "close" };
  switch (kind) {
    case "too-large":
      return errorAnswer(413, "too-large", `the body is larger than ${maxBodyBytes} bytes`, close);
    case "too-busy":
      return errorAnswer(503, "unavailable", "too many bodies at once; try again", { ...close, ...retryAfter(1_000) });
    case "timeout":
      return errorAnswer(408, "timeout", "the body took too long to arrive", close);
    case "aborted":
      return errorAnswer(400, "malformed", "the body ended early", close);
  }
}

/** Reads `application/json` with one object in it. */
export async function readJsonObject(
  context: RequestContext,
  readBody: BodyReader,
  limits: { readonly maxBodyBytes: number; readonly maxDepth: number },
): Promise<Parsed<JsonObject>> {
  if (mediaType(context) !== "application/json") {
    return refuse(415, "unsupported-media-type", "Content-Type must be application/json");
  }
  const body = await readBody(context.env.incoming);
  if (body.kind !== "body") return { ok: false, answer: bodyRefusal(body.kind, limits.maxBodyBytes) };
  body.release();
  const json = decodeJson(body.bytes, limits.maxDepth);
  if (!json.ok) return refuse(400, "malformed", `the body is ${json.reason}`);
  const { value } = json;
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return { ok: true, value: value as JsonObject };
  }
  return refuse(400, "malformed", "a JSON object expected");
}

/** A refusal as {@link Parsed}. */
export function refuse(
  status: number,
  code: Parameters<typeof errorAnswer>[1],
  message: string,
): { readonly ok: false; readonly answer: Response } {
  return { ok: false, answer: errorAnswer(status, code, message) };
}
