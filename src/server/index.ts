/**
 * The HTTP server of a running service: probes, metrics, status, explain, events, dead letters, sinks.
 *
 * The token is made by the caller; the service is only ever used through its port. Who may ask what: `app.ts`, `auth.ts`,
 * `host-guard.ts`.
 */
import { getRequestListener } from "@hono/node-server";
import { errorAnswer, textAnswer } from "./answer.ts";
import type { Route } from "./app.ts";
import { createApp } from "./app.ts";
import { createAuthenticator } from "./auth.ts";
import { createBodyReader } from "./body.ts";
import { deadLetterRoutes } from "./dead-letters.ts";
import { eventRoutes } from "./events.ts";
import { gapRoutes } from "./gaps.ts";
import { healthRoutes } from "./health.ts";
import { createHostGuard, isLoopbackHost } from "./host-guard.ts";
import type { Listening } from "./listener.ts";
import { createListener } from "./listener.ts";
import type { Metrics } from "./metrics.ts";
import { createMetrics } from "./metrics.ts";
import type { ResolvedServerOptions, ServerOptions } from "./options.ts";
import { resolveServerOptions } from "./options.ts";
import { sinkRoutes } from "./sinks.ts";
import { statusRoutes } from "./status.ts";

export type { Listening } from "./listener.ts";
export type { ServerOptions } from "./options.ts";

/** The HTTP server; must be closed. */
export interface RingfirstServer extends AsyncDisposable {
  /**
   * Starts listening.
   *
   * @throws RingfirstError `RF_SERVER_LISTEN` where the address or port can't be had
   */
  listen(): Promise<Listening>;
  /** Takes no more requests and lets those in flight finish within `limits.closeMs`. Idempotent. */
  close(): Promise<void>;
  /** The route table, for tests and documentation. */
  readonly routes: readonly { readonly method: "GET" | "POST"; readonly path: string; readonly open: boolean }[];
}

/**
 * A server for a service; it listens after `listen()`.
 *
 * @throws RingfirstError `RF_OPTION_INVALID`
 */
export function createServer(options: ServerOptions): RingfirstServer {
  const resolved = resolveServerOptions(options);
  const { service, clock, logger, limits, host } = resolved;
  const metrics = createMetrics({ service, processMetrics: resolved.processMetrics });
  const routes = allRoutes(resolved, metrics);
  const app = createApp({
    routes,
    guard: createHostGuard(resolved),
    authenticator: createAuthenticator(resolved.token, clock),
    logger,
    tokenHint: resolved.tokenHint,
    answered: (method, route, status) => metrics.answered(method, route, status),
  });
  const onRequest = getRequestListener(app.fetch, {
    overrideGlobalObjects: false,
    // Only what is wrong before our own code runs comes here: a target or Host that makes no URL.
    errorHandler: () => errorAnswer(400, "bad-request", "the request's target or Host header is not valid"),
  });
  const listener = createListener((incoming, outgoing) => void onRequest(incoming, outgoing), limits, clock);

  const close = (): Promise<void> => listener.close();
  return {
    async listen() {
      const listening = await listener.listen(host, resolved.port);
      if (!isLoopbackHost(host)) {
        logger.warn(
          { host },
          "the HTTP server is reachable from other machines and speaks plain HTTP; put TLS before it",
        );
      }
      return listening;
    },
    close,
    [Symbol.asyncDispose]: close,
    routes: routes.map(({ method, path, open }) => ({ method, path, open: open ?? false })),
  };
}

function allRoutes({ service, clock, limits }: ResolvedServerOptions, metrics: Metrics): readonly Route[] {
  const readBody = createBodyReader(limits, clock);
  return [
    ...healthRoutes(service),
    {
      method: "GET",
      path: "/metrics",
      handle: async () => textAnswer(200, await metrics.scrape(), metrics.contentType),
    },
    ...statusRoutes(service, readBody, limits),
    ...gapRoutes(service),
    ...eventRoutes(service, readBody, limits.maxBodyBytes),
    ...deadLetterRoutes(service, readBody, limits),
    ...sinkRoutes(service),
  ];
}
