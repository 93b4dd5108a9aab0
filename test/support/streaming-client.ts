/**
 * The vendor's streaming client, when it is installed, in the browser that it thinks it runs in.
 *
 * It is made for pages: under Node it needs a handful of a browser's globals, which must come after it was loaded (it takes another branch at
 * load time when there is a `window`).
 */
import { createRequire } from "node:module";
import type { Emulator, UserLogin } from "../../src/emulator/index.ts";

/** What the tests use of the client. */
export interface StreamingClient {
  readonly connected: boolean;
  readonly config: { readonly channelId: string | null };
  readonly notifications: {
    subscribe(topic: string, handler?: (data: unknown) => void, immediate?: boolean): Promise<unknown>;
    unsubscribe(topic: string, handler?: (data: unknown) => void, immediate?: boolean): Promise<unknown>;
    bulkSubscribe(topics: readonly string[], options?: { readonly replace: boolean }): Promise<unknown>;
  };
  connect(options?: unknown): Promise<void>;
  disconnect(): Promise<void>;
  on(event: string, handler: (data: never) => void): void;
  once(event: string, handler: (data: never) => void): void;
}

type StreamingClientClass = new (options: Readonly<Record<string, unknown>>) => StreamingClient;

const SHIMS = ["window", "document", "sessionStorage", "addEventListener"] as const;

/** Loads the client; `undefined` where it is not installed. */
export function loadStreamingClient(): StreamingClientClass | undefined {
  const require = createRequire(import.meta.url);
  try {
    require.resolve("genesys-cloud-streaming-client");
  } catch {
    return undefined;
  }
  const loaded = require("genesys-cloud-streaming-client") as { readonly default: StreamingClientClass };
  const stored = new Map<string, string>();
  const globals: Record<(typeof SHIMS)[number], unknown> = {
    window: globalThis,
    document: { addEventListener: () => {}, removeEventListener: () => {} },
    sessionStorage: {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, value: string) => void stored.set(key, value),
      removeItem: (key: string) => void stored.delete(key),
    },
    addEventListener: () => {},
  };
  for (const name of SHIMS) Object.defineProperty(globalThis, name, { value: globals[name], configurable: true });
  Object.defineProperty(globalThis.navigator, "onLine", { value: true, configurable: true });
  return loaded.default;
}

/** A client for a user of an emulator. What it gives up with after it was connected is in `failures` instead of being nobody's rejection. */
export function newStreamingClient(
  Client: StreamingClientClass,
  emulator: Emulator,
  user: UserLogin,
  options: Readonly<Record<string, unknown>> = {},
): { readonly client: StreamingClient; readonly failures: unknown[] } {
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, log: () => {} };
  const client = new Client({
    host: emulator.url.replace("http", "ws"),
    apiHost: emulator.url,
    authToken: user.accessToken,
    appName: `test-${user.accessToken}`, // under which it remembers its backoff
    optOutOfWebrtcStatsTelemetry: true,
    logger: silent,
    ...options,
  });
  const failures: unknown[] = [];
  const connect = client.connect.bind(client);
  let isFirst = true;
  client.connect = async (given) => {
    if (!isFirst) return connect(given).catch((error: unknown) => void failures.push(error));
    isFirst = false;
    return connect(given);
  };
  return { client, failures };
}
