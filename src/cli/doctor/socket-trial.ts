/** Opens one socket, sees whether it lives, and closes it. */
import type { Clock } from "../../ports/clock.ts";
import type { Net, Socket, SocketEnd } from "../../ports/net.ts";

/** What came of it. */
export type SocketTrial =
  /** `answeredMs`: from the ping to the first frame; undefined where none came in time. */
  | { readonly kind: "opened"; readonly openedMs: number; readonly answeredMs: number | undefined }
  | { readonly kind: "ended"; readonly end: SocketEnd };

const HANDSHAKE_MS = 10_000;
const ANSWER_MS = 5_000;
const MAX_FRAME_BYTES = 1_048_576;

/** Tries it; `ping` is sent and an answer waited for, where it is given. The URL is a secret and is not told. */
export function trySocket(url: string, net: Net, clock: Clock, ping?: string): Promise<SocketTrial> {
  return new Promise((resolve) => {
    const begunAt = clock.monotonic();
    let openedAt: number | undefined;
    let socket: Socket | undefined;
    const opened = (answered: boolean): void => {
      timer.cancel();
      const since = openedAt ?? begunAt;
      const answeredMs = answered ? clock.monotonic() - since : undefined;
      resolve({ kind: "opened", openedMs: since - begunAt, answeredMs });
      socket?.close(1000);
    };
    const timer = clock.setTimer(HANDSHAKE_MS + ANSWER_MS, () => opened(false), { keepAlive: true });
    socket = net.openSocket(
      { url, handshakeTimeoutMs: HANDSHAKE_MS, maxFrameBytes: MAX_FRAME_BYTES },
      {
        opened: () => {
          openedAt = clock.monotonic();
          if (ping === undefined) clock.defer(() => opened(false));
          else socket?.send(ping);
        },
        message: () => opened(true),
        control: () => {},
        closed: (end) => {
          timer.cancel();
          resolve({ kind: "ended", end });
        },
      },
    );
  });
}

/** How a socket ended, for people; what the other side wrote is not shown. */
export function describeEnd(end: SocketEnd): string {
  switch (end.kind) {
    case "refused":
      return `the upgrade was answered ${end.status}`;
    case "failed":
      return end.message;
    case "closed":
      return `it was closed at once (${end.code})`;
  }
}
