/** What the service is doing (`GET /api/status`) and how an event would travel (`POST /api/explain`). */
import type { ExplainQuery, Service } from "../ports/service.ts";
import { jsonAnswer } from "./answer.ts";
import type { Route } from "./app.ts";
import type { BodyReader } from "./body.ts";
import type { JsonObject, Parsed } from "./request-json.ts";
import { readJsonObject, refuse } from "./request-json.ts";

/** `GET /api/status`, `POST /api/explain`. */
export function statusRoutes(
  service: Service,
  readBody: BodyReader,
  limits: { readonly maxBodyBytes: number; readonly maxDepth: number },
): readonly Route[] {
  return [
    { method: "GET", path: "/api/status", handle: async () => jsonAnswer(200, await service.status()) },
    {
      method: "POST",
      path: "/api/explain",
      async handle(context) {
        const body = await readJsonObject(context, readBody, limits);
        if (!body.ok) return body.answer;
        const query = parseExplainQuery(body.value);
        return query.ok ? jsonAnswer(200, service.explain(query.value)) : query.answer;
      },
    },
  ];
}

const EXPLAIN_MEMBERS = ["topic", "body", "source", "key"];

function parseExplainQuery(value: JsonObject): Parsed<ExplainQuery> {
  const unknown = Object.keys(value).find((name) => !EXPLAIN_MEMBERS.includes(name));
  if (unknown !== undefined) {
    return refuse(
      400,
      "malformed",
      `${JSON.stringify(unknown.slice(0, 64))} is not one of ${EXPLAIN_MEMBERS.join(", ")}`,
    );
  }
  const { topic, body, source, key } = value;
  if (typeof topic !== "string") return refuse(400, "malformed", "topic: a string expected");
  if (source !== undefined && typeof source !== "string") return refuse(400, "malformed", "source: a string expected");
  if (key !== undefined && typeof key !== "string") return refuse(400, "malformed", "key: a string expected");
  return { ok: true, value: { topic, body, source, key } };
}
