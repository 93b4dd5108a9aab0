/** A network that does what the test says: sockets are opened, spoken to and ended by hand; requests are answered from a list. */
import type {
  HttpFailure,
  HttpRequest,
  HttpResponse,
  Net,
  SocketEnd,
  SocketListener,
  SocketRequest,
} from "../../src/ports/net.ts";

/** A socket in the hands of the test. */
export interface ScriptedSocket {
  readonly request: SocketRequest;
  /** What the client did, in order: `ping`, `pause`, `resume`, `close 1000`, `terminate`, `send …`. */
  readonly acts: string[];
  readonly ended: boolean;
  open(): void;
  frame(text: string): void;
  bytes(bytes: Uint8Array, isBinary?: boolean): void;
  pong(): void;
  end(end: SocketEnd): void;
}

/** A scripted network. */
export interface ScriptedNet extends Net {
  /** Every socket that was asked for, in order. */
  readonly sockets: ScriptedSocket[];
  readonly requests: HttpRequest[];
  /** Answers to requests, in order; the last one stays. */
  readonly answers: (HttpResponse | HttpFailure)[];
  /** The socket asked for last. */
  readonly last: ScriptedSocket;
}

export interface ScriptedNetOptions {
  /** Whether a socket that is closed by the client ends by itself. @defaultValue `true` */
  readonly closes?: boolean;
}

export function createScriptedNet({ closes = true }: ScriptedNetOptions = {}): ScriptedNet {
  const sockets: ScriptedSocket[] = [];
  const requests: HttpRequest[] = [];
  const answers: (HttpResponse | HttpFailure)[] = [];
  return {
    sockets,
    requests,
    answers,
    get last() {
      const socket = sockets.at(-1);
      if (socket === undefined) throw new Error("no socket was asked for");
      return socket;
    },
    async request(request) {
      requests.push(request);
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (answer === undefined) throw new Error(`no answer is scripted for ${request.method}`);
      return answer;
    },
    openSocket(request, listener) {
      const socket = scriptedSocket(request, listener);
      sockets.push(socket);
      return {
        send: (text) => void socket.acts.push(`send ${text}`),
        ping: () => void socket.acts.push("ping"),
        pause: () => void socket.acts.push("pause"),
        resume: () => void socket.acts.push("resume"),
        close(code, reason) {
          socket.acts.push(`close ${code ?? ""}`);
          if (closes) socket.end({ kind: "closed", code: code ?? 1005, reason: reason ?? "" });
        },
        terminate() {
          socket.acts.push("terminate");
          socket.end({ kind: "closed", code: 1006, reason: "" });
        },
      };
    },
  };
}

function scriptedSocket(request: SocketRequest, listener: SocketListener): ScriptedSocket {
  let ended = false;
  const encoder = new TextEncoder();
  return {
    request,
    acts: [],
    get ended() {
      return ended;
    },
    open: () => listener.opened(),
    frame: (text) => listener.message(encoder.encode(text), false),
    bytes: (bytes, isBinary = false) => listener.message(bytes, isBinary),
    pong: () => listener.control("pong"),
    end(end) {
      if (ended) return;
      ended = true;
      listener.closed(end);
    },
  };
}

/** An HTTP answer with a JSON body. */
export function jsonResponse(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  return { ok: true, status, headers, body: new TextEncoder().encode(JSON.stringify(body)) };
}
