/**
 * The HTTP application: guard, token, route, handler, in this order, and a JSON answer for everything that may happen.
 *
 * ```
 *  request ─► host and origin guard ─► token (all but the open routes) ─► route table ─► handler ─► answer
 *              403                       401, 429                          404, 405
 * ```
 * - S1: a route that is not marked `open` is never reached without the token; unknown paths included.
 * - S2: GET changes nothing; whatever changes something is a POST with a JSON body or none.
 * - S3: no error leaves without the shape of `answer.ts`; an unexpected one says nothing but that it was logged.
 */
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { Hono } from "hono";
import type { RingfirstErrorCode } from "../errors.ts";
import { isRingfirstError } from "../errors.ts";
import type { Logger } from "../ports/logger.ts";
import { errorAnswer, retryAfter } from "./answer.ts";
import type { Authenticator } from "./auth.ts";
import type { HostGuard } from "./host-guard.ts";

/** What handlers are given. */
export type RequestContext = Context<AppEnv>;

/** One entry of the route table. */
export interface Route {
  readonly method: "GET" | "POST";
  /** Path pattern; `:name` is one segment. */
  readonly path: string;
  /** Answers without the token, and without detail. */
  readonly open?: true;
  handle(context: RequestContext): Response | Promise<Response>;
}

/** What {@link createApp} is made of. */
export interface AppParts {
  readonly routes: readonly Route[];
  readonly guard: HostGuard;
  readonly authenticator: Authenticator;
  readonly logger: Logger;
  /** One line on where the token is found, for the 401. */
  readonly tokenHint: string;
  /** Told of each answer. */
  answered(method: string, route: string, status: number): void;
}

interface AppEnv {
  readonly Bindings: HttpBindings;
  readonly Variables: { route: string };
}

/** Routes joined behind guard and token. */
export function createApp(parts: AppParts): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const open = new Set(parts.routes.filter((route) => route.open).map((route) => route.path));

  app.use("*", async (context, next) => {
    const refusal =
      refuseForeign(parts, context) ?? (open.has(context.req.path) ? undefined : refuseUnknown(parts, context));
    if (refusal === undefined) await next();
    else context.res = refusal;
    parts.answered(context.req.method, context.get("route") ?? "none", context.res.status);
  });
  for (const [path, routes] of Map.groupBy(parts.routes, (route) => route.path)) addPath(app, path, routes);
  app.notFound(() => errorAnswer(404, "not-found", "there is nothing at this path; see docs/http.md for the list"));
  app.onError((error) => answerFor(error, parts.logger));
  return app;
}

function addPath(app: Hono<AppEnv>, path: string, routes: readonly Route[]): void {
  for (const route of routes) {
    app.on(route.method, path, (context) => {
      context.set("route", path);
      return route.handle(context);
    });
  }
  const methods = routes.flatMap(({ method }) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  const allow = methods.join(", ");
  app.all(path, (context) => {
    context.set("route", path);
    return errorAnswer(405, "method-not-allowed", `this path takes ${allow}`, { allow });
  });
}

function refuseForeign({ guard }: AppParts, context: RequestContext): Response | undefined {
  // Read as Node parsed it: the URL of the request was built from `Host` already and may have been normalised.
  const { headers } = context.env.incoming;
  const refusal = guard({
    host: headers.host,
    origin: headers.origin,
    fetchSite: single(headers["sec-fetch-site"]),
    fetchMode: single(headers["sec-fetch-mode"]),
  });
  return refusal === undefined ? undefined : errorAnswer(403, refusal.code, refusal.message);
}

function refuseUnknown({ authenticator, tokenHint }: AppParts, context: RequestContext): Response | undefined {
  const { headers, socket } = context.env.incoming;
  const verdict = authenticator.check(headers.authorization, socket.remoteAddress ?? "");
  switch (verdict.kind) {
    case "allowed":
      return undefined;
    case "missing":
      return unauthorized(`a token is needed: Authorization: Bearer <token>; ${tokenHint}`);
    case "wrong":
      return unauthorized(`this token is not the right one; ${tokenHint}`);
    case "damped":
      return errorAnswer(
        429,
        "too-many-attempts",
        "too many wrong tokens from this address; try again later",
        retryAfter(verdict.retryAfterMs),
      );
  }
}

function unauthorized(message: string): Response {
  return errorAnswer(401, "unauthorized", message, { "www-authenticate": 'Bearer realm="ringfirst"' });
}

const STATUS_OF_ERROR: Partial<Record<RingfirstErrorCode, 400 | 503>> = {
  RF_QUEUE_ARGUMENT: 400,
  RF_OPTION_INVALID: 400,
  RF_QUEUE_CLOSED: 503,
  RF_SERVICE_CLOSED: 503,
};

/** The store's disk is full or fails: readiness says so, and the log. */
const TAKES_NOTHING: ReadonlySet<RingfirstErrorCode> = new Set<RingfirstErrorCode>([
  "RF_STORE_FULL",
  "RF_STORE_FAILING",
]);

function answerFor(error: unknown, logger: Logger): Response {
  const status = isRingfirstError(error) ? STATUS_OF_ERROR[error.code] : undefined;
  if (isRingfirstError(error) && status === 400) return errorAnswer(400, "bad-request", error.message);
  if (isRingfirstError(error) && TAKES_NOTHING.has(error.code)) {
    return errorAnswer(
      503,
      "unavailable",
      "the store takes nothing new at the moment; send it again later",
      retryAfter(5_000),
    );
  }
  if (status === 503) return errorAnswer(503, "unavailable", "the service is stopping", retryAfter(5_000));
  logger.error({ err: error }, "a request failed");
  return errorAnswer(500, "internal", "something went wrong here; the log says what");
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
