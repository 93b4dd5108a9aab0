/** The machine's network: HTTP requests by `undici`, WebSockets by `ws`. */
import type { Net } from "../ports/net.ts";
import { createHttpClient } from "./http-request.ts";
import { openWebSocket } from "./web-socket.ts";

/** The production network. */
export function systemNet(): Net {
  return { request: createHttpClient(), openSocket: openWebSocket };
}
