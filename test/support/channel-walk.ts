/** Walks the life of a channel line: every input, every state that can be reached, and both in words. */
import type { ChannelInput, ChannelLife, ChannelStep } from "../../src/core/channel-state.ts";
import { IDLE_CHANNEL, stepChannel } from "../../src/core/channel-state.ts";

/** One of each input that is told apart. */
export const ALL_INPUTS: readonly ChannelInput[] = [
  { kind: "start" },
  { kind: "created" },
  { kind: "create-failed", reason: "r" },
  { kind: "create-refused", reason: "r" },
  { kind: "no-free-channel" },
  { kind: "opened" },
  { kind: "handshake-gone", reason: "r" },
  { kind: "handshake-gone", reason: "r", pauseMs: 30_000 },
  { kind: "handshake-failed", reason: "r" },
  { kind: "joined" },
  { kind: "join-gone", reason: "r" },
  { kind: "join-gone", reason: "r", pauseMs: 30_000 },
  { kind: "join-failed", reason: "r" },
  { kind: "join-refused", reason: "r" },
  { kind: "checked", exists: true },
  { kind: "checked", exists: false },
  { kind: "checked", exists: false, pauseMs: 30_000 },
  { kind: "check-failed", reason: "r" },
  { kind: "lost", reason: "r", next: "reconnect" },
  { kind: "lost", reason: "r", next: "check" },
  { kind: "lost", reason: "r", next: "recreate" },
  { kind: "lost", reason: "r", next: "recreate", pauseMs: 30_000 },
  { kind: "displaced", reason: "r", pauseMs: 30_000 },
  { kind: "move", cause: "c" },
  { kind: "doubted", reason: "r" },
  { kind: "quiet", reason: "r" },
  { kind: "doubted", reason: "r", pauseMs: 30_000 },
  { kind: "steady" },
  { kind: "due" },
  { kind: "close" },
];

/** An input in words: `lost:check`. */
export function nameOf(input: ChannelInput): string {
  const slowly = input.kind !== "displaced" && "pauseMs" in input ? ":slowly" : "";
  if (input.kind === "lost") return `lost:${input.next}${slowly}`;
  return input.kind === "checked" ? `checked:${input.exists ? "there" : "gone"}${slowly}` : `${input.kind}${slowly}`;
}

/** A state in words: `connecting new, standing, held, failed`. */
export function show(life: ChannelLife): string {
  if (life.phase !== "running") return life.phase;
  const effort = life.effort === "none" ? "none" : `${life.effort} ${life.target}`;
  const facts = [life.standing && "standing", life.held && "held", life.failures > 0 && "failed"];
  return [effort, ...facts.filter((fact) => fact !== false)].join(", ");
}

/** A step in words: `next state | commands`. */
export function showStep({ life, commands }: ChannelStep): string {
  const words = commands.map((command) => {
    if (command.kind === "create") return command.ifFree ? "create if free" : "create";
    return command.kind === "connect" ? `connect ${command.target}` : command.kind;
  });
  return `${show(life)} | ${words.join(", ")}`;
}

/** One life of each state that can be reached, by its words. */
export function reachable(): ReadonlyMap<string, ChannelLife> {
  const found = new Map([[show(IDLE_CHANNEL), IDLE_CHANNEL]]);
  // A map's walk goes on over what is added on the way.
  for (const life of found.values()) {
    for (const input of ALL_INPUTS) {
      const next = stepChannel(life, input).life;
      if (!found.has(show(next))) found.set(show(next), next);
    }
  }
  return found;
}
