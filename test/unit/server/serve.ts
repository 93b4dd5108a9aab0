/** Starts the server under test on a free port of loopback. */
import { onTestFinished } from "vitest";
import type { ServerOptions } from "../../../src/server/index.ts";
import { createServer } from "../../../src/server/index.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import type { FakeService, FakeServiceOptions } from "../../support/fake-service.ts";
import { createFakeService } from "../../support/fake-service.ts";
import type { HttpAnswer, HttpCall } from "../../support/http-call.ts";
import { call } from "../../support/http-call.ts";
import type { LogSpy } from "../../support/log-spy.ts";
import { createLogSpy } from "../../support/log-spy.ts";

/** Unique, so that a search of all outputs finds it wherever it leaks. */
export const TOKEN = "canary-server-token-9f3b1c";

/** A running server. */
export interface ServerUnderTest {
  readonly port: number;
  readonly url: string;
  readonly service: FakeService;
  readonly logger: LogSpy;
  readonly server: ReturnType<typeof createServer>;
  /** With the token. */
  readonly ask: (request: HttpCall) => Promise<HttpAnswer>;
  /** Without it. */
  readonly askBare: (request: HttpCall) => Promise<HttpAnswer>;
}

export async function serve(
  answers: FakeServiceOptions = {},
  options: Partial<ServerOptions> = {},
): Promise<ServerUnderTest> {
  const service = createFakeService(answers);
  const logger = createLogSpy();
  const server = createServer({
    service,
    token: TOKEN,
    port: 0,
    clock: systemClock(),
    logger,
    processMetrics: false,
    ...options,
  });
  const { port, url } = await server.listen();
  onTestFinished(() => server.close());
  return {
    port,
    url,
    service,
    logger,
    server,
    ask: (request) => call(port, { ...request, headers: { authorization: `Bearer ${TOKEN}`, ...request.headers } }),
    askBare: (request) => call(port, request),
  };
}

/** A POST of JSON. */
export function post(path: string, body: unknown, contentType = "application/json"): HttpCall {
  return { method: "POST", path, headers: { "content-type": contentType }, body: JSON.stringify(body) };
}
