/** Intervals in which events may have been missed, and what became of them. */
import type { GapList } from "../client/types.ts";
import { GAP_STATES, GAPS_TOLD, type GapQuery } from "../core/gap.ts";
import type { Service } from "../ports/service.ts";
import { jsonAnswer } from "./answer.ts";
import type { RequestContext, Route } from "./app.ts";
import { type Parsed, refuse } from "./request-json.ts";

/** Gaps of one answer. */
const MAX_LISTED = 1_000;

/** `GET /api/gaps`. */
export function gapRoutes(service: Service): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/api/gaps",
      handle(context) {
        const query = parseQuery(context);
        if (!query.ok) return query.answer;
        const answer: GapList = { gaps: service.gaps(query.value) };
        return jsonAnswer(200, answer);
      },
    },
  ];
}

function parseQuery({ req }: RequestContext): Parsed<GapQuery> {
  const { source, topic } = req.query();
  const stateText = req.query("state");
  const state = GAP_STATES.find((one) => one === stateText);
  const since = wholeNumber(req.query("since"));
  const limit = wholeNumber(req.query("limit")) ?? GAPS_TOLD;
  if (stateText !== undefined && state === undefined) {
    return refuse(400, "bad-request", `state: one of ${GAP_STATES.join(", ")} expected`);
  }
  if (Number.isNaN(since)) return refuse(400, "bad-request", "since: a whole number expected (epoch milliseconds)");
  if (!(limit >= 1 && limit <= MAX_LISTED)) {
    return refuse(400, "bad-request", `limit: a whole number from 1 to ${MAX_LISTED} expected`);
  }
  return { ok: true, value: { source, topic, state, since, limit } };
}

function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
}
