/** The Genesys source before a foreign platform whose REST tells states: a socket is cut, and what is asked afterwards is looked at. */
import type { GenesysSourceOptions } from "../../src/sources/genesys/index.ts";
import { eventually } from "./eventually.ts";
import { ForeignStates } from "./foreign-states.ts";
import { genesysRig, type GenesysRig, USER } from "./genesys-rig.ts";
import type { SeenEvent, SeenGap } from "./source-context.ts";

export const QUEUE: string = "9d1c7b2f-7f7d-4b6a-9d1c-0e1f2a3b4c5d";
export const CONVERSATIONS: string = `v2.users.${USER}.conversations`;
export const CALLS: string = `v2.users.${USER}.conversations.calls`;
export const QUEUE_CONVERSATIONS: string = `v2.routing.queues.${QUEUE}.conversations`;
export const ROUTING: string = `v2.users.${USER}.routingStatus`;
export const STATION: string = `v2.users.${USER}.station`;
export const DETAILS: RegExp = /details\/query$/u;

/** A rig whose platform has states. */
export interface ReconcileRig extends GenesysRig {
  readonly states: ForeignStates;
  readonly reconciled: () => SeenEvent[];
  /** Cuts the socket and waits until another stands; gives the gap. */
  readonly gap: () => Promise<SeenGap>;
  /** Resolves once nothing is asked any more; the clock goes on by so much at a time meanwhile. @defaultValue 500 ms */
  readonly settled: (stepMs?: number) => Promise<void>;
}

/** The source with these topics; without a word of when, it asks after gaps only, and believes analytics at once. */
export async function reconcileRig(
  topics: GenesysSourceOptions["topics"],
  reconcile: GenesysSourceOptions["reconcile"] = { atStart: false, analyticsLagMs: 0 },
): Promise<ReconcileRig> {
  const states = new ForeignStates();
  const base = await genesysRig({ topics, reconcile, prepare: (platform) => void (platform.states = states) });
  const { context, platform, source, live } = base;
  return {
    ...base,
    states,
    reconciled: () => context.events.filter(({ origin }) => origin === "reconciled"),
    async gap() {
      const socket = await live();
      const gaps = context.gaps.length;
      // Beyond doubt older than what is asked afterwards.
      await base.clock.advance(10_000);
      socket.cut();
      await eventually(
        "another socket",
        () => platform.standing().at(-1) !== socket && source.status().state === "live",
      );
      return eventually("the gap's end", () => context.gaps[gaps]?.to !== undefined && context.gaps[gaps]);
    },
    async settled(stepMs = 500) {
      const isDone = (): boolean => source.status().reconciliation?.asking === 0;
      for (let steps = 0; !isDone(); steps += 1) {
        if (steps > 10_000) throw new Error("still asking");
        // A few turns for real answers between the steps.
        for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
        if (!isDone()) await base.clock.advance(stepMs);
      }
    },
  };
}

export const outcomes = (gap: SeenGap): Record<string, string> =>
  Object.fromEntries(gap.findings.flatMap(({ topics, outcome }) => topics.map((topic) => [topic, outcome])));
export const whys = (gap: SeenGap): string => gap.findings.map(({ why }) => why).join("; ");
export const json = ({ text }: SeenEvent): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;
