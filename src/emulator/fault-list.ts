/** Every fault with its parameters. */
import { readDuration } from "./duration.ts";
import type { Parameter } from "./fault-parameters.ts";
import { duration, flag, isText, oneOf, text, TIME, whole } from "./fault-parameters.ts";
import { JUNK_KINDS } from "./junk.ts";
import { ODD_SNAPSHOTS } from "./odd-snapshot.ts";
import { isCloseCode } from "./sockets.ts";

/** On what a fault acts: open sockets, requests and handshakes, frames on their way, or the centre itself. */
export type FaultKind = "socket" | "request" | "frame" | "centre";

/** The name of a fault. */
export type FaultName =
  | "close"
  | "drop"
  | "stall"
  | "malformed"
  | "socket_closing"
  | "token_revoked"
  | "no_longer_subscribed"
  | "topics_lost"
  | "channel_gone"
  | "takeover"
  | "replay"
  | "unauthorized"
  | "forbidden"
  | "rate-limit"
  | "server-error"
  | "hang"
  | "slow"
  | "lost-answer"
  | "odd-token"
  | "odd-channel"
  | "odd-answer"
  | "moving-pages"
  | "reject-topics"
  | "gap"
  | "duplicate"
  | "reorder"
  | "delay"
  | "fragment"
  | "odd-snapshot"
  | "foreign-channels"
  | "permissions_removed"
  | "stale-rest";

/** What a fault does and may be told. */
export interface FaultFacts {
  readonly kind: FaultKind;
  readonly about: string;
  readonly parameters: Readonly<Record<string, Parameter>>;
}

/** A close frame has no room for more. */
const MAX_REASON_BYTES = 123;
const DOORS: ReadonlySet<unknown> = new Set(["token", "rest", "upgrade"]);

const WAIT = { afterMs: duration(`${TIME}: the wait before it begins`) };
const COUNT: Parameter = {
  allowed: "a number of at least 0: how many it hits",
  isRight: (value) => typeof value === "number" && Number.isFinite(value) && value >= 0,
};
const LASTING = { ...WAIT, forMs: duration(`${TIME}: how long it lasts`) };
const SOCKET = { ...LASTING, count: COUNT, socket: text("name of one socket, as in the ledger") };
const REQUEST = {
  ...LASTING,
  count: COUNT,
  on: {
    allowed: "token | rest | upgrade | all (default), or a list",
    isRight: (value: unknown) =>
      value === "all" || (Array.isArray(value) ? value : [value]).every((door) => DOORS.has(door)),
  },
  path: text("only requests to this path; * stands for anything: /api/v2/notifications/*"),
  method: text("only requests of this method: PUT"),
};
const REST = { ...REQUEST, on: oneOf(["rest"]) };
const FRAME = {
  ...SOCKET,
  topic: text("only frames of this topic; * stands for anything: v2.users.*.presence"),
  share: {
    allowed: "above 0 to 1: the part of the frames that it hits, by the seed",
    isRight: (value: unknown) => typeof value === "number" && value > 0 && value <= 1,
  },
};
const STATUS = whole(200, 599, "");
const GLOB = text("which topics; * stands for anything, default *");

/** Every fault. */
export const FAULTS: Readonly<Record<FaultName, FaultFacts>> = {
  close: {
    kind: "socket",
    about: "sockets are closed with a code",
    parameters: {
      ...SOCKET,
      code: {
        allowed: "a close code (1000 to 1014 or 3000 to 4999), default 1011; 1005: none; 1006: no close frame",
        isRight: isCloseCode,
      },
      reason: {
        allowed: `a text of at most ${MAX_REASON_BYTES} bytes`,
        isRight: (value) => typeof value === "string" && Buffer.byteLength(value) <= MAX_REASON_BYTES,
      },
    },
  },
  drop: { kind: "socket", about: "connections are cut without a close frame", parameters: SOCKET },
  stall: {
    kind: "socket",
    about: "the line stays open and goes silent, until it is cleared or the time is over",
    parameters: { ...SOCKET, heartbeats: flag("true: heartbeats go on, events don't") },
  },
  malformed: {
    kind: "socket",
    about: "one frame that is not as it should be",
    parameters: {
      ...SOCKET,
      kind: oneOf(JUNK_KINDS),
      text: { allowed: "the frame's text, in the place of a kind", isRight: (value) => typeof value === "string" },
      bytes: whole(1, 67_108_864, ", default 2097152: size of a big frame"),
    },
  },
  socket_closing: {
    kind: "socket",
    about: "the notice that a socket will be closed, and then the close",
    parameters: {
      ...SOCKET,
      graceMs: {
        allowed: `${TIME}, default 60000: time until the close; -1: never`,
        isRight: (value) => value === -1 || readDuration(value) !== undefined,
        isDuration: true,
      },
    },
  },
  token_revoked: {
    kind: "socket",
    about: "the token ends before its time, and its channels with it",
    parameters: { ...SOCKET, notice: flag("false: the sockets are not told, default true") },
  },
  no_longer_subscribed: {
    kind: "socket",
    about: "the notice that another channel took over; the channel loses its topics, its socket stays",
    parameters: SOCKET,
  },
  topics_lost: {
    kind: "socket",
    about: "topics vanish from the channel without a word; a read-back of its subscriptions shows it",
    parameters: { ...SOCKET, topics: GLOB },
  },
  channel_gone: {
    kind: "socket",
    about: "the channel ends as if it had expired",
    parameters: { ...SOCKET, silent: flag("true: its socket stays open and hears heartbeats only") },
  },
  takeover: {
    kind: "socket",
    about: "another program connects to the channel, which drops the socket",
    parameters: {
      ...SOCKET,
      rounds: whole(1, 1000, ", default 1: how often it connects"),
      everyMs: duration(`${TIME}, default 1000: the time between`),
    },
  },
  replay: {
    kind: "socket",
    about: "frames that were sent earlier are sent once more, in their order",
    parameters: {
      ...SOCKET,
      events: whole(1, 10_000, ", default 10"),
      topic: GLOB,
      backMs: duration(`${TIME}, default 0: only frames at least this old`),
    },
  },
  unauthorized: { kind: "request", about: "401", parameters: REQUEST },
  forbidden: { kind: "request", about: "403", parameters: REQUEST },
  "rate-limit": {
    kind: "request",
    about: "429",
    parameters: {
      ...REQUEST,
      retryAfterS: {
        allowed: "seconds of at least 0, default 5; 0: no header",
        isRight: (value) => typeof value === "number" && Number.isFinite(value) && value >= 0,
      },
    },
  },
  "server-error": {
    kind: "request",
    about: "503, or another status; with a location a redirect",
    parameters: {
      ...REQUEST,
      status: { ...STATUS, allowed: `${STATUS.allowed}, default 503` },
      html: flag("true: an HTML page"),
      location: text("header, for a redirect"),
    },
  },
  hang: { kind: "request", about: "no answer at all", parameters: REQUEST },
  slow: {
    kind: "request",
    about: "the answer comes late, or in drops",
    parameters: {
      ...REQUEST,
      delayMs: duration(`${TIME}, default 2000: the wait before the answer`),
      dripMs: duration(`${TIME}: the time between one byte of the body and the next`),
    },
  },
  "lost-answer": {
    kind: "request",
    about: "the request takes effect, and the connection is cut in the place of the answer",
    parameters: REQUEST,
  },
  "odd-token": {
    kind: "request",
    about: "the login succeeds and says another life in expires_in",
    parameters: {
      ...REQUEST,
      on: oneOf(["token"]),
      expiresIn: { allowed: "anything; missing when not given", isRight: () => true },
    },
  },
  "odd-channel": {
    kind: "request",
    about: "a channel is made and its connectUri points elsewhere, or is missing",
    parameters: { ...REST, connectUri: { allowed: "anything; missing when not given", isRight: () => true } },
  },
  "odd-answer": {
    kind: "request",
    about: "200 with a body that is not what it should be",
    parameters: { ...REST, kind: oneOf(["error-body", "empty", "empty-list", "truncated", "not-json"]) },
  },
  "moving-pages": {
    kind: "request",
    about: "something comes or goes while pages are read: from the second page on, the list has moved by one",
    parameters: {
      ...REST,
      kind: oneOf(["one-missed", "one-twice"]),
    },
  },
  "reject-topics": {
    kind: "request",
    about: "topics of the next subscriptions are refused",
    parameters: {
      ...REST,
      topics: GLOB,
      status: { allowed: "400 | 403 (default)", isRight: (value) => value === 400 || value === 403 },
      silently: flag("true: they are not even named in the answer"),
    },
  },
  gap: { kind: "frame", about: "frames are lost", parameters: FRAME },
  duplicate: {
    kind: "frame",
    about: "frames are sent more than once",
    parameters: { ...FRAME, copies: whole(2, 100, ", default 2") },
  },
  reorder: {
    kind: "frame",
    about: "frames are overtaken by the next ones",
    parameters: { ...FRAME, depth: whole(1, 100, ", default 1: by how many") },
  },
  delay: {
    kind: "frame",
    about: "frames are late; those behind them are not",
    parameters: { ...FRAME, delayMs: duration(`${TIME}, default 1000`) },
  },
  fragment: {
    kind: "frame",
    about: "frames come in pieces, with time between them",
    parameters: {
      ...FRAME,
      parts: whole(2, 100_000, ", default 10"),
      everyMs: duration(`${TIME}, default 0: the time between pieces`),
    },
  },
  "odd-snapshot": {
    kind: "frame",
    about: "a conversation's snapshot that contradicts others",
    parameters: { ...FRAME, kind: oneOf(ODD_SNAPSHOTS) },
  },
  "foreign-channels": {
    kind: "centre",
    about: "another program of the same OAuth client makes channels, which may evict others",
    parameters: {
      ...LASTING,
      channels: whole(1, 100, ", default 1"),
      connected: flag("true: it holds sockets on them, so they are not the first to be evicted"),
    },
  },
  permissions_removed: {
    kind: "centre",
    about: "the client's roles lose permissions, until it is cleared or the time is over",
    parameters: {
      ...LASTING,
      permissions: {
        allowed: "a list of permissions: analytics:queueObservation:view",
        isRight: (value) => Array.isArray(value) && value.length > 0 && value.every(isText),
      },
    },
  },
  "stale-rest": {
    kind: "centre",
    about: "states that REST gives stand still, until it is cleared or the time is over",
    parameters: LASTING,
  },
};
