/** Probes: alive, and ready for work. Open to everybody, so they say nothing but yes or no. */
import type { Service } from "../ports/service.ts";
import { jsonAnswer } from "./answer.ts";
import type { Route } from "./app.ts";

/** `GET /healthz` and `GET /readyz`. */
export function healthRoutes(service: Service): readonly Route[] {
  return [
    { method: "GET", path: "/healthz", open: true, handle: () => jsonAnswer(200, { status: "ok" }) },
    {
      method: "GET",
      path: "/readyz",
      open: true,
      handle: () =>
        service.readiness().ready ? jsonAnswer(200, { status: "ready" }) : jsonAnswer(503, { status: "not-ready" }),
    },
  ];
}
