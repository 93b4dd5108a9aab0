/** What a source uses of the platform's limits and what is left, for the status. */
import { roomOf, type TopicLimits } from "../../core/topic-plan.ts";
import type { TopicHeadroom } from "../../ports/source.ts";
import { MAX_CHANNELS } from "../../wire/genesys.ts";
import type { RequestBudget } from "./rest.ts";
import type { RejectedTopic } from "./topic-list.ts";

/** What {@link headroomOf} takes. */
export interface HeadroomInputs {
  readonly wanted: number;
  readonly lines: readonly { readonly topics: readonly string[]; readonly rejected: readonly RejectedTopic[] }[];
  readonly noRoom: number;
  readonly limits: TopicLimits;
  /** Channels of the client that are not this source's. */
  readonly othersInUse: number | undefined;
  readonly budget: RequestBudget | undefined;
  readonly lookedUpAt: number | undefined;
}

/** Permissions that are named; the rest is counted together. */
const MAX_PERMISSIONS = 50;

/** The forecast for a status. */
export function headroomOf(inputs: HeadroomInputs): TopicHeadroom {
  const { lines, othersInUse, budget, limits } = inputs;
  const rejected = lines.flatMap((line) => line.rejected);
  // Channels of others take away from what may still be opened.
  const channels = Math.max(0, Math.min(limits.channels, MAX_CHANNELS - (othersInUse ?? 0)));
  const room = roomOf(
    lines.map(({ topics }) => topics),
    { ...limits, channels },
  );
  return {
    wanted: inputs.wanted,
    planned: lines.reduce((sum, { topics }) => sum + topics.length, 0),
    noRoom: inputs.noRoom,
    rejected: rejected.length,
    missingPermissions: countPermissions(rejected),
    channels: { own: room.channels, others: othersInUse, limit: MAX_CHANNELS },
    topicsUntilNextChannel: room.untilNextChannel,
    topicsUntilLimit: room.untilLimit,
    requests: budget ?? { left: 0, allowed: 0, resetsInMs: 0 },
    lookedUpAt: inputs.lookedUpAt,
  };
}

function countPermissions(rejected: readonly RejectedTopic[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const { missingPermissions } of rejected) {
    for (const permission of missingPermissions.length === 0 ? [""] : missingPermissions) {
      const isRoom = counts.has(permission) || counts.size < MAX_PERMISSIONS;
      const name = isRoom ? permission : "(others)";
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return Object.fromEntries([...counts].toSorted(([, a], [, b]) => b - a));
}
