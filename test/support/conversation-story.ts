/**
 * Conversations to be told in tests: what happens, and the snapshots that the platform would send of it, in both shapes
 * (docs/protocol.md, 10.1). Written for the tests alone: it shares no code with what reads the snapshots, nor with the emulator.
 */

/** The two shapes of a snapshot. */
export type StoryShape = "generic" | "call";

/** One participant. */
interface Part {
  readonly id: string;
  readonly purpose: string;
  readonly userId?: string | undefined;
  readonly joinedAt: number;
  readonly initialState: string;
  readonly timeoutMs?: number | undefined;
  readonly direction: "inbound" | "outbound";
  readonly consultParticipantId?: string | undefined;
  state: string;
  connectedAt?: number;
  endedAt?: number;
  disconnectType?: string;
  holdStartedAt?: number | undefined;
  acwStartedAt?: number;
  wrapup?: { readonly code: string; readonly endTime: string; readonly durationSeconds: number };
}

const QUEUE = "queue-1";
const iso = (at: number | undefined): string | undefined => (at === undefined ? undefined : new Date(at).toISOString());

/** A conversation by voice. */
export class Story {
  readonly id: string;
  now: number;
  note = 0;
  readonly #parts: Part[] = [];

  constructor(id: string, now: number) {
    this.id = id;
    this.now = now;
  }

  /** Anybody joins; the id is the participant's. */
  join(id: string, purpose: string, state: string, more: Partial<Part> = {}): void {
    const part: Part = { id, purpose, joinedAt: this.now, initialState: state, direction: "inbound", ...more, state };
    if (state === "connected") part.connectedAt = this.now;
    this.#parts.push(part);
  }

  customer(): void {
    this.join("customer", "customer", "connected");
    this.join("acd", "acd", "connected");
  }

  offer(id: string, timeoutMs = 8_000, more: Partial<Part> = {}): void {
    this.join(id, "agent", "alerting", { userId: `user-${id.split("-")[0]}`, timeoutMs, ...more });
  }

  dial(id: string): void {
    this.join(id, "agent", "dialing", { userId: `user-${id}`, direction: "outbound" });
  }

  answer(id: string): void {
    const part = this.#find(id);
    part.state = "connected";
    part.connectedAt = this.now;
  }

  hold(id: string): void {
    this.#find(id).holdStartedAt = this.now;
  }

  resume(id: string): void {
    this.#find(id).holdStartedAt = undefined;
  }

  leave(id: string, disconnectType: string): void {
    const part = this.#find(id);
    part.state = "terminated";
    part.endedAt = this.now;
    part.disconnectType = disconnectType;
    part.holdStartedAt = undefined;
    if (part.connectedAt !== undefined && part.purpose === "agent") part.acwStartedAt = this.now;
  }

  leaveAll(disconnectType: string): void {
    for (const part of this.#parts) if (part.endedAt === undefined) this.leave(part.id, disconnectType);
  }

  wrapUp(id: string, code: string): void {
    this.#find(id).wrapup = { code, endTime: iso(this.now) as string, durationSeconds: 12 };
  }

  /** The snapshot, as JSON would bring it. */
  body(shape: StoryShape): unknown {
    const participants = this.#parts.map((part) => (shape === "generic" ? generic(part) : flat(part)));
    return JSON.parse(
      JSON.stringify({ id: this.id, participants, attributes: { note: String(this.note) } }),
    ) as unknown;
  }

  #find(id: string): Part {
    const part = this.#parts.find((candidate) => candidate.id === id);
    if (part === undefined) throw new Error(`nobody is called ${id}`);
    return part;
  }
}

function generic(part: Part): unknown {
  const { userId, consultParticipantId, wrapup, direction, disconnectType } = part;
  const isAgent = part.purpose === "agent";
  const call = {
    id: `call-of-${part.id}`,
    state: part.state,
    initialState: part.initialState,
    held: part.holdStartedAt !== undefined,
    startHoldTime: iso(part.holdStartedAt),
    direction,
    connectedTime: iso(part.connectedAt),
    disconnectedTime: iso(part.endedAt),
    disconnectType,
    wrapup,
  };
  return {
    id: part.id,
    purpose: part.purpose,
    userId,
    consultParticipantId,
    queueId: isAgent ? QUEUE : undefined,
    connectedTime: iso(part.connectedAt),
    endTime: iso(part.endedAt),
    startAcwTime: iso(part.acwStartedAt),
    alertingTimeoutMs: part.timeoutMs,
    wrapup,
    calls: [call],
  };
}

function flat(part: Part): unknown {
  const { userId, consultParticipantId, wrapup, direction, disconnectType } = part;
  return {
    id: part.id,
    purpose: part.purpose,
    state: part.state,
    direction,
    held: part.holdStartedAt !== undefined,
    startHoldTime: iso(part.holdStartedAt),
    startTime: iso(part.joinedAt),
    connectedTime: iso(part.connectedAt),
    endTime: iso(part.endedAt),
    startAcwTime: iso(part.acwStartedAt),
    disconnectType,
    user: userId === undefined ? undefined : { id: userId },
    queue: part.purpose === "agent" ? { id: QUEUE } : undefined,
    consultParticipantId,
    alertingTimeoutMs: part.timeoutMs,
    wrapup,
  };
}
