/** Holding a sink back and letting it go again. */
import type { SinkPauseAnswer } from "../client/types.ts";
import type { Service } from "../ports/service.ts";
import { errorAnswer, jsonAnswer } from "./answer.ts";
import type { Route } from "./app.ts";

/** `POST /api/sinks/{name}/pause` and `…/resume`. */
export function sinkRoutes(service: Service): readonly Route[] {
  const route = (verb: "pause" | "resume", act: (name: string) => boolean): Route => ({
    method: "POST",
    path: `/api/sinks/:name/${verb}`,
    handle(context) {
      const sink = context.req.param("name") ?? "";
      if (!act(sink)) return errorAnswer(404, "not-found", "there is no sink of this name; GET /api/status lists them");
      const body: SinkPauseAnswer = { sink, paused: verb === "pause" };
      return jsonAnswer(200, body);
    },
  });
  return [route("pause", (name) => service.pauseSink(name)), route("resume", (name) => service.resumeSink(name))];
}
