/** The network as an input: HTTP requests and WebSockets. Production: `runtime/net.ts`; simulations bring their own. */

/** One HTTP request. Redirects are never followed: a 3xx is an answer like any other. */
export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** For connecting, the head and the whole body together, in milliseconds. */
  readonly timeoutMs: number;
  /** A longer answer ends as `too-large`. @defaultValue 16 MiB */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
  /** Asked with the resolved address before connecting; returning false ends the request as `forbidden-address`. */
  readonly allowAddress?: (address: string, family: 4 | 6) => boolean;
}

/** The answer, its body read whole. */
export interface HttpResponse {
  readonly ok: true;
  readonly status: number;
  /** Names in lower case; of repeated headers the values are joined by ", ". */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Why no answer came. */
export interface HttpFailure {
  readonly ok: false;
  readonly reason:
    | "timeout"
    | "aborted"
    | "dns"
    | "refused"
    | "tls"
    | "reset"
    | "too-large"
    | "forbidden-address"
    | "other";
  /** One line for people, without URL, query or credentials. */
  readonly message: string;
  /** The status, where the head of an answer came and its body could not be read whole (`too-large`, `timeout`, `reset`). */
  readonly status?: number;
}

/** One WebSocket to open. */
export interface SocketRequest {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For DNS, TCP, TLS and the upgrade together, in milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** A longer message closes the socket (1009). */
  readonly maxFrameBytes: number;
}

/** What a socket tells; each is called synchronously, in order; `closed` is the last and comes exactly once. */
export interface SocketListener {
  opened(): void;
  /**
   * One message. The bytes are a view that is valid during the call only: copy what must stay.
   * UTF-8 of text frames is *not* checked here.
   */
  message(bytes: Uint8Array, isBinary: boolean): void;
  /** A protocol-level ping or pong came. */
  control(kind: "ping" | "pong"): void;
  /** The connection is over, or never stood. */
  closed(end: SocketEnd): void;
}

/** How a connection ended. */
export type SocketEnd =
  /** The upgrade was answered by another status than 101. */
  | {
      readonly kind: "refused";
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  /** It never stood: DNS, TCP, TLS, or the handshake took too long. */
  | { readonly kind: "failed"; readonly reason: HttpFailure["reason"]; readonly message: string }
  /** It stood and ended. Code 1006: without a close frame. */
  | { readonly kind: "closed"; readonly code: number; readonly reason: string };

/** One connection; never reused. */
export interface Socket {
  /** Sends a text message; dropped silently when the socket is not open. */
  send(text: string): void;
  /** Sends a protocol-level ping. */
  ping(): void;
  /** Stops and restarts reading (flow control by TCP). */
  pause(): void;
  resume(): void;
  /** Starts the closing handshake; after two seconds without an answer the connection is cut. */
  close(code?: number, reason?: string): void;
  /** Cuts the connection at once. */
  terminate(): void;
}

/** HTTP requests and WebSockets. */
export interface Net {
  /** Never rejects: what can go wrong is a value. */
  request(request: HttpRequest): Promise<HttpResponse | HttpFailure>;
  openSocket(request: SocketRequest, listener: SocketListener): Socket;
}
