/**
 * The life of one channel line as a value: a set of topics that shall always be covered, by one channel and its socket, or
 * for a while by two (make before break). Pure; `sources/genesys/channel.ts` carries the commands out and feeds back what
 * came of them.
 *
 * ```
 *          ┌───────────────────────── due ──────────────────────────┐
 *          ▼                                                        │
 *  start ► creating ─ created ► connecting ─ opened ► joining ─ joined ► (none)   standing
 *            │ failed             │ gone: creating      │ failed         │ lost: connecting | checking | creating
 *            │ refused            │ failed              │ refused        │ move: creating, while the old one stands
 *            └──────────► pausing ◄─────────────────────┘                │
 *                         slow                                           └ displaced: as lost, without its channel
 * ```
 * - C1  Whatever is tried, what stands goes on standing until its successor has joined, or until it is lost by itself.
 * - C2  No loop is tight: a failure leads to a pause (exponential, full jitter) or to a slow retry (minutes). Only the first
 *       failure after a steady time is answered at once. `pauseMs`: others take what we make (`rivals.ts`), so nothing is tried before.
 * - C3  Failures are forgotten only when a line has stood for a while (`steady`).
 * - C4  A channel that the provider no longer knows is never tried again; one that it may still know is tried first.
 * - C5  Inputs that no longer fit (an answer that came too late) change nothing. `closed` is for ever.
 */

/** What is under way to get a socket, or its successor. */
export type ChannelEffort = "none" | "creating" | "connecting" | "joining" | "checking" | "pausing" | "slow";

/** Which channel the effort is about: the one that is held, or a new one. */
export type EffortTarget = "held" | "new";

/** The state of a line. */
export interface ChannelLife {
  readonly phase: "idle" | "running" | "closed";
  /** A socket delivers, and its channel has the topics. */
  readonly standing: boolean;
  /** There is a channel that the provider may still know. */
  readonly held: boolean;
  readonly effort: ChannelEffort;
  readonly target: EffortTarget;
  /** Failures in a row. */
  readonly failures: number;
  /** Why it is not well, in one line. */
  readonly reason: string | undefined;
}

/** How a lost socket is answered. */
export type AfterLoss =
  /** The same `connectUri` again. */
  | "reconnect"
  /** Ask whether the channel is still there. */
  | "check"
  /** The channel is gone. */
  | "recreate";

/** What may happen. */
export type ChannelInput =
  | { readonly kind: "start" }
  | { readonly kind: "created" }
  | { readonly kind: "create-failed"; readonly reason: string; readonly retryAfterMs?: number }
  | { readonly kind: "create-refused"; readonly reason: string }
  /** All channels of the client are in use: a second one would push out a living one. */
  | { readonly kind: "no-free-channel" }
  | { readonly kind: "opened" }
  /** The upgrade said that the channel is not known (401, 404, 403). */
  | { readonly kind: "handshake-gone"; readonly reason: string; readonly pauseMs?: number }
  | { readonly kind: "handshake-failed"; readonly reason: string; readonly retryAfterMs?: number }
  /** Topics are subscribed and the socket has shown a sign of life. */
  | { readonly kind: "joined" }
  | { readonly kind: "join-gone"; readonly reason: string; readonly pauseMs?: number }
  | { readonly kind: "join-failed"; readonly reason: string; readonly retryAfterMs?: number }
  | { readonly kind: "join-refused"; readonly reason: string }
  /** `reason`: what that shows. */
  | { readonly kind: "checked"; readonly exists: boolean; readonly reason?: string; readonly pauseMs?: number }
  | { readonly kind: "check-failed"; readonly reason: string; readonly retryAfterMs?: number }
  /** The standing socket ended. */
  | { readonly kind: "lost"; readonly reason: string; readonly next: AfterLoss; readonly pauseMs?: number }
  /** Another channel took the topics over. `pauseMs`: so long at least nothing is tried. */
  | { readonly kind: "displaced"; readonly reason: string; readonly pauseMs: number }
  /** The standing channel, socket or token ends soon, or has been revoked. */
  | { readonly kind: "move"; readonly cause: string }
  /** The platform says that the standing channel is not there, though its socket stands: what it delivers is not all. */
  | { readonly kind: "doubted"; readonly reason: string; readonly pauseMs?: number }
  /** Only signs of life have come, for longer than is usual: it may deliver nothing any more. */
  | { readonly kind: "quiet"; readonly reason: string }
  | { readonly kind: "steady" }
  | { readonly kind: "due" }
  | { readonly kind: "close" };

/** What the line must do. */
export type ChannelCommand =
  /** `ifFree`: only when the client has a channel to spare. */
  | { readonly kind: "create"; readonly ifFree: boolean }
  | { readonly kind: "connect"; readonly target: EffortTarget }
  /** Subscribe, and ask the socket for a sign of life. */
  | { readonly kind: "join" }
  | { readonly kind: "check" }
  | { readonly kind: "pause"; readonly failures: number; readonly atLeastMs: number }
  | { readonly kind: "pause-slowly" }
  | { readonly kind: "gap-begins"; readonly cause: string }
  | { readonly kind: "gap-ends" }
  /** The successor has joined: the old one may go once both have stood for a moment. */
  | { readonly kind: "let-old-go" }
  /** The socket of the effort is of no use. */
  | { readonly kind: "drop-effort" }
  /** The standing socket is of no use. */
  | { readonly kind: "drop-standing" }
  | { readonly kind: "shut" };

/** A state with what is to be done, in order. */
export interface ChannelStep {
  readonly life: ChannelLife;
  readonly commands: readonly ChannelCommand[];
}

/** Before `start`. */
export const IDLE_CHANNEL: ChannelLife = {
  phase: "idle",
  standing: false,
  held: false,
  effort: "none",
  target: "new",
  failures: 0,
  reason: undefined,
};

/** The step that an input makes. */
export function stepChannel(life: ChannelLife, input: ChannelInput): ChannelStep {
  if (life.phase === "closed") return stay(life);
  if (input.kind === "close") {
    return { life: { ...IDLE_CHANNEL, phase: "closed" }, commands: [{ kind: "shut" }] };
  }
  if (life.phase === "idle") {
    if (input.kind !== "start") return stay(life);
    return create({ ...life, phase: "running" }, [{ kind: "gap-begins", cause: "not connected yet" }]);
  }
  return runningStep(life, input);
}

type InputOf<Kind extends ChannelInput["kind"]> = Extract<ChannelInput, { readonly kind: Kind }>;

function runningStep(life: ChannelLife, input: Exclude<ChannelInput, { readonly kind: "close" }>): ChannelStep {
  switch (input.kind) {
    case "start":
      return stay(life);
    case "created":
    case "create-failed":
    case "create-refused":
    case "no-free-channel":
      return life.effort === "creating" ? creatingStep(life, input) : stay(life);
    case "opened":
    case "handshake-gone":
    case "handshake-failed":
      return life.effort === "connecting" ? connectingStep(life, input) : stay(life);
    case "joined":
    case "join-gone":
    case "join-failed":
    case "join-refused":
      return life.effort === "joining" ? joiningStep(life, input) : stay(life);
    case "checked":
    case "check-failed":
      return life.effort === "checking" ? checkingStep(life, input) : stay(life);
    case "lost":
    case "displaced":
    case "doubted":
    case "quiet":
    case "move":
    case "steady":
      return life.standing ? standingStep(life, input) : stay(life);
    case "due":
      return dueStep(life);
  }
}

function creatingStep(
  life: ChannelLife,
  input: InputOf<"created" | "create-failed" | "create-refused" | "no-free-channel">,
): ChannelStep {
  switch (input.kind) {
    case "created":
      return connect({ ...life, target: "new" });
    case "create-failed":
      return pause({ ...life, target: "new" }, input.reason, input.retryAfterMs);
    case "create-refused":
      return slow(life, input.reason);
    case "no-free-channel":
      if (!life.held) return { life, commands: [{ kind: "create", ifFree: false }] };
      return connect({ ...life, target: "held" }, [
        { kind: "gap-begins", cause: "no channel is free, so the socket is replaced on the same channel" },
      ]);
  }
}

function connectingStep(
  life: ChannelLife,
  input: InputOf<"opened" | "handshake-gone" | "handshake-failed">,
): ChannelStep {
  switch (input.kind) {
    case "opened":
      return { life: { ...life, effort: "joining" }, commands: [{ kind: "join" }] };
    case "handshake-gone":
      return gone(life, input);
    case "handshake-failed":
      return pause(life, input.reason, input.retryAfterMs);
  }
}

function joiningStep(
  life: ChannelLife,
  input: InputOf<"joined" | "join-gone" | "join-failed" | "join-refused">,
): ChannelStep {
  const drop: ChannelCommand = { kind: "drop-effort" };
  switch (input.kind) {
    case "joined": {
      const moved = life.standing && life.target === "new";
      const joined: ChannelLife = {
        ...life,
        standing: true,
        held: true,
        effort: "none",
        target: "held",
        reason: undefined,
      };
      // A move may have begun a gap as well (a try on the same channel that failed): whatever is open ends here.
      return {
        life: joined,
        commands: moved ? [{ kind: "let-old-go" }, { kind: "gap-ends" }] : [{ kind: "gap-ends" }],
      };
    }
    case "join-gone":
      return gone(life, input, [drop]);
    case "join-failed":
      return pause(life, input.reason, input.retryAfterMs, [drop]);
    case "join-refused":
      return slow(life, input.reason, [drop]);
  }
}

function checkingStep(life: ChannelLife, input: InputOf<"checked" | "check-failed">): ChannelStep {
  if (input.kind === "check-failed") return pause({ ...life, target: "held" }, input.reason, input.retryAfterMs);
  const { reason = life.reason } = input;
  if (!input.exists) return gone({ ...life, target: "held" }, { reason: reason ?? "gone", pauseMs: input.pauseMs });
  // Counted like any other end (C2): two instances that push each other off one channel must slow down.
  return again({ ...life, target: "held", reason });
}

function standingStep(
  life: ChannelLife,
  input: InputOf<"lost" | "displaced" | "doubted" | "quiet" | "move" | "steady">,
): ChannelStep {
  switch (input.kind) {
    case "steady":
      return { life: { ...life, failures: 0 }, commands: [] };
    case "move":
      // One move at a time; an effort under way is one already. Where notices come in a row (a node that drains), C2 holds.
      return life.effort === "none" ? again({ ...life, target: "new", reason: input.cause }) : stay(life);
    case "lost":
      return lostStep(life, input);
    case "doubted":
    case "quiet":
      return doubtedStep(life, input);
    case "displaced": {
      const commands: ChannelCommand[] = [
        { kind: "gap-begins", cause: input.reason },
        { kind: "drop-standing" },
        ...dropped(life),
      ];
      return pause({ ...life, standing: false, held: false, target: "new" }, input.reason, input.pauseMs, commands);
    }
  }
}

function doubtedStep(
  life: ChannelLife,
  { reason, pauseMs = 0 }: { readonly reason: string; readonly pauseMs?: number },
): ChannelStep {
  const gap: ChannelCommand = { kind: "gap-begins", cause: reason };
  if (life.effort !== "none") return { life, commands: [gap] };
  const doubted: ChannelLife = { ...life, target: "new", reason };
  return pauseMs > 0 ? pause(doubted, reason, pauseMs, [gap]) : again(doubted, [gap]);
}

function lostStep(life: ChannelLife, input: InputOf<"lost">): ChannelStep {
  const held = life.held && input.next !== "recreate";
  const lost: ChannelLife = { ...life, standing: false, held, reason: input.reason };
  const gap: ChannelCommand = { kind: "gap-begins", cause: input.reason };
  switch (life.effort) {
    case "creating":
    case "connecting":
    case "joining":
    case "checking":
      // A successor is on its way (C1): it will stand sooner than anything begun now.
      return { life: lost, commands: [gap] };
    case "pausing":
    case "slow":
      // The pause goes on; afterwards the held channel is the nearer one (C4).
      return { life: { ...lost, target: held ? "held" : "new" }, commands: [gap] };
    case "none":
      if (input.next === "check")
        return { life: { ...lost, effort: "checking", target: "held" }, commands: [gap, { kind: "check" }] };
      if (!held && (input.pauseMs ?? 0) > 0)
        return pause({ ...lost, target: "new" }, input.reason, input.pauseMs, [gap]);
      return again({ ...lost, target: held ? "held" : "new" }, [gap]);
  }
}

function dueStep(life: ChannelLife): ChannelStep {
  if (life.effort !== "pausing" && life.effort !== "slow") return stay(life);
  if (life.effort === "pausing" && life.target === "held" && life.held && !life.standing) return connect(life);
  return create(life);
}

/** A channel that the provider does not know: never again (C4). */
function gone(
  life: ChannelLife,
  { reason, pauseMs = 0 }: { readonly reason: string; readonly pauseMs?: number | undefined },
  before: readonly ChannelCommand[] = [],
): ChannelStep {
  const held = life.held && life.target !== "held";
  const left: ChannelLife = { ...life, held, target: "new", reason };
  return pauseMs > 0 ? pause(left, reason, pauseMs, before) : again(left, before);
}

/** The first failure in a row is answered at once, later ones after a pause (C2). */
function again(life: ChannelLife, before: readonly ChannelCommand[] = []): ChannelStep {
  if (life.failures > 0) return pause(life, life.reason ?? "failed", 0, before);
  const failed = { ...life, failures: 1 };
  return life.target === "held" ? connect(failed, before) : create(failed, before);
}

function create(life: ChannelLife, before: readonly ChannelCommand[] = []): ChannelStep {
  const ifFree = life.standing;
  return { life: { ...life, effort: "creating", target: "new" }, commands: [...before, { kind: "create", ifFree }] };
}

function connect(life: ChannelLife, before: readonly ChannelCommand[] = []): ChannelStep {
  return { life: { ...life, effort: "connecting" }, commands: [...before, { kind: "connect", target: life.target }] };
}

function pause(life: ChannelLife, reason: string, atLeastMs = 0, before: readonly ChannelCommand[] = []): ChannelStep {
  const failures = life.failures + 1;
  return {
    life: { ...life, effort: "pausing", failures, reason },
    commands: [...before, { kind: "pause", failures, atLeastMs }],
  };
}

function slow(life: ChannelLife, reason: string, before: readonly ChannelCommand[] = []): ChannelStep {
  const failures = life.failures + 1;
  return { life: { ...life, effort: "slow", failures, reason }, commands: [...before, { kind: "pause-slowly" }] };
}

/** What stands is gone for a reason that ends the effort as well. */
function dropped(life: ChannelLife): readonly ChannelCommand[] {
  return life.effort === "connecting" || life.effort === "joining" ? [{ kind: "drop-effort" }] : [];
}

function stay(life: ChannelLife): ChannelStep {
  return { life, commands: [] };
}
