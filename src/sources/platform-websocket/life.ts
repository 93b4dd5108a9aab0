/**
 * The life of a platform-websocket source as a value: what stands, what is being tried, and what an input changes. Pure; the
 * source carries the commands out and feeds back what came of them.
 *
 * ```
 *                      ┌──────────────── due ───────────────┐
 *                      ▼                                    │
 *  idle ─ start ─► token ─ granted ─► handshake ─ opened ─► none        (standing: yes)
 *                    │ failed           │ unreachable          │
 *                    └──► pause ◄───────┘        lost ─────────┤
 *                    │ refused          │ forbidden            └ token-ending ─► token   (still standing: make before break)
 *                    └──► slow ◄────────┘
 * ```
 * - L1: whatever is tried, what stands goes on standing until its successor stands or it is lost.
 * - L2: no loop is tight: each failure is followed by `pause` (exponential, jittered) or `slow` (minutes). The one exception
 *   is the first 401 in a row, which asks for a new token at once.
 * - L3: failures are forgotten only when a socket has stood for a while, so a server that opens and closes at once is
 *   met with longer and longer waits.
 * - L4: inputs that no longer fit (an answer that came too late) change nothing.
 */

/** What is under way to get a socket, or its successor. */
export type Effort =
  | "none"
  | "token"
  | "handshake"
  /** A backoff runs. */
  | "pause"
  /** The provider says no; tried again in minutes. */
  | "slow";

/** The state of a source. */
export interface Life {
  readonly phase: "idle" | "running" | "closed";
  /** A socket delivers. */
  readonly standing: boolean;
  readonly effort: Effort;
  /** Failures in a row. */
  readonly failures: number;
  /** 401 answers in a row. */
  readonly unauthorized: number;
  /** Why it is not well, in one line. */
  readonly reason: string | undefined;
}

/** What may happen. */
export type LifeInput =
  | { readonly kind: "start" }
  | { readonly kind: "token-granted" }
  | { readonly kind: "token-failed"; readonly reason: string; readonly retryAfterMs?: number }
  | { readonly kind: "token-refused"; readonly reason: string }
  /** The socket in handshake stands. */
  | { readonly kind: "opened" }
  /** The upgrade was answered 401. */
  | { readonly kind: "unauthorized"; readonly reason: string }
  /** The upgrade was answered 403. */
  | { readonly kind: "forbidden"; readonly reason: string }
  | { readonly kind: "unreachable"; readonly reason: string; readonly retryAfterMs?: number }
  /** The standing socket ended, and no other delivers. */
  | { readonly kind: "lost"; readonly reason: string }
  /** The new socket ended while the old one, which was to be let go, still delivers. */
  | { readonly kind: "fell-back"; readonly reason: string }
  /** The standing socket has stood long enough. */
  | { readonly kind: "steady" }
  /** The token of the standing socket ends soon. */
  | { readonly kind: "token-ending" }
  /** The pause is over. */
  | { readonly kind: "due" }
  | { readonly kind: "close" };

/** What the source must do. */
export type LifeCommand =
  /** `fresh`: a token that is known is not good enough. */
  | { readonly kind: "ask-token"; readonly fresh: boolean }
  | { readonly kind: "open" }
  | { readonly kind: "pause"; readonly failures: number; readonly retryAfterMs: number }
  | { readonly kind: "pause-slowly" }
  /** Nothing delivers from here on. */
  | { readonly kind: "gap-begins"; readonly cause: string }
  /** A socket delivers again. */
  | { readonly kind: "gap-ends" }
  /** The new socket stands; the old one may go once the new one is proven. */
  | { readonly kind: "let-old-go" }
  | { readonly kind: "shut" };

/** A state with what is to be done. */
export interface LifeStep {
  readonly life: Life;
  readonly commands: readonly LifeCommand[];
}

/** So many 401 answers to new tokens in a row, and the source counts as refused. */
export const MAX_UNAUTHORIZED = 3;

/** Before `start`. */
export const IDLE: Life = {
  phase: "idle",
  standing: false,
  effort: "none",
  failures: 0,
  unauthorized: 0,
  reason: undefined,
};

/** The step that an input makes. */
export function step(life: Life, input: LifeInput): LifeStep {
  if (life.phase === "closed") return stay(life);
  if (input.kind === "close") {
    return { life: { ...life, phase: "closed", standing: false, effort: "none" }, commands: [{ kind: "shut" }] };
  }
  if (life.phase === "idle") {
    if (input.kind !== "start") return stay(life);
    return askToken({ ...life, phase: "running" }, false, [{ kind: "gap-begins", cause: "not connected yet" }]);
  }
  return runningStep(life, input);
}

function runningStep(life: Life, input: Exclude<LifeInput, { readonly kind: "close" }>): LifeStep {
  switch (input.kind) {
    case "start":
      return stay(life);
    case "token-granted":
    case "token-failed":
    case "token-refused":
      return life.effort === "token" ? tokenStep(life, input) : stay(life);
    case "opened":
    case "unauthorized":
    case "forbidden":
    case "unreachable":
      return life.effort === "handshake" ? handshakeStep(life, input) : stay(life);
    case "lost":
    case "fell-back":
    case "steady":
    case "token-ending":
      return life.standing ? standingStep(life, input) : stay(life);
    case "due":
      return life.effort === "pause" || life.effort === "slow" ? askToken(life, false) : stay(life);
  }
}

type InputOf<Kind extends LifeInput["kind"]> = Extract<LifeInput, { readonly kind: Kind }>;

function tokenStep(life: Life, input: InputOf<"token-granted" | "token-failed" | "token-refused">): LifeStep {
  switch (input.kind) {
    case "token-granted":
      return { life: { ...life, effort: "handshake" }, commands: [{ kind: "open" }] };
    case "token-failed":
      return pause(life, input.reason, input.retryAfterMs);
    case "token-refused":
      return slow(life, input.reason);
  }
}

function handshakeStep(life: Life, input: InputOf<"opened" | "unauthorized" | "forbidden" | "unreachable">): LifeStep {
  switch (input.kind) {
    case "opened":
      return {
        life: { ...life, standing: true, effort: "none", unauthorized: 0, reason: undefined },
        commands: [life.standing ? { kind: "let-old-go" } : { kind: "gap-ends" }],
      };
    case "unauthorized":
      return unauthorized(life, input.reason);
    case "forbidden":
      return slow(life, input.reason);
    case "unreachable":
      return pause(life, input.reason, input.retryAfterMs);
  }
}

function unauthorized(life: Life, reason: string): LifeStep {
  const counted = { ...life, unauthorized: life.unauthorized + 1 };
  if (counted.unauthorized >= MAX_UNAUTHORIZED) return slow({ ...counted, unauthorized: 0 }, reason);
  if (counted.unauthorized === 1) return askToken({ ...counted, reason }, true);
  return pause(counted, reason);
}

function standingStep(life: Life, input: InputOf<"lost" | "fell-back" | "steady" | "token-ending">): LifeStep {
  switch (input.kind) {
    case "lost": {
      const gap: LifeCommand = { kind: "gap-begins", cause: input.reason };
      const fallen: Life = { ...life, standing: false };
      if (life.effort !== "none") return { life: { ...fallen, reason: input.reason }, commands: [gap] };
      const next = pause(fallen, input.reason);
      return { life: next.life, commands: [gap, ...next.commands] };
    }
    case "fell-back":
      return life.effort === "none" ? pause(life, input.reason) : stay(life);
    case "steady":
      return stay({ ...life, failures: 0 });
    case "token-ending":
      return life.effort === "none" ? askToken(life, true) : stay(life);
  }
}

function stay(life: Life): LifeStep {
  return { life, commands: [] };
}

function askToken(life: Life, fresh: boolean, before: readonly LifeCommand[] = []): LifeStep {
  return { life: { ...life, effort: "token" }, commands: [...before, { kind: "ask-token", fresh }] };
}

function pause(life: Life, reason: string, retryAfterMs = 0): LifeStep {
  const failures = life.failures + 1;
  return {
    life: { ...life, effort: "pause", failures, reason },
    commands: [{ kind: "pause", failures, retryAfterMs }],
  };
}

function slow(life: Life, reason: string): LifeStep {
  return { life: { ...life, effort: "slow", reason }, commands: [{ kind: "pause-slowly" }] };
}
