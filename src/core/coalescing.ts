/**
 * Whom a newcomer replaces (Q9): the waiting *states* of its lane with its coalesceKey, back to the newest waiting
 * *transition*, an entry without coalesceKey.
 *
 * ```
 *   lane            state a1   state b2   transition 3   state a4   state b5     by seq
 *   states of a     a4, a1                                                       newest first
 *   transitions     3                                                            newest first: the barrier
 *   a newcomer with coalesceKey a replaces a4, not a1
 * ```
 *
 * Only lanes in which a state waits are followed here; in the others all that waits is a transition.
 */
import { Slots } from "./slots.ts";
import { NONE, SortedRuns } from "./sorted-runs.ts";

/** States and transitions of the lanes in which states wait. */
export class Coalescing {
  /** Groups of states by lane and coalesceKey: only those that have some. */
  readonly #groupsOf = new Map<number, Map<string, number>>();
  readonly #groups = new Slots();
  readonly #states = new SortedRuns();
  readonly #transitions = new SortedRuns();

  /** An entry waits in a lane that is followed. */
  add(lane: number, entry: number, seq: number, coalesceKey: string | undefined): void {
    if (coalesceKey === undefined) this.#transitions.put(lane, entry, -seq);
    else this.#states.put(this.#openGroup(lane, coalesceKey), entry, -seq);
  }

  /** It waits no longer. */
  remove(lane: number, entry: number, coalesceKey: string | undefined): void {
    if (coalesceKey === undefined) {
      this.#transitions.remove(entry);
      return;
    }
    this.#states.remove(entry);
    const groups = this.#groupsOf.get(lane)!;
    const group = groups.get(coalesceKey)!;
    if (this.#states.first(group) !== NONE) return;
    groups.delete(coalesceKey);
    this.#groups.give(group);
    if (groups.size === 0) this.#groupsOf.delete(lane);
  }

  /** The newest waiting entry that a newcomer with this coalesceKey replaces, or NONE: not across a transition. */
  newestState(lane: number, coalesceKey: string): number {
    const group = this.#groupsOf.get(lane)?.get(coalesceKey);
    if (group === undefined) return NONE;
    return this.#states.firstKey(group) < this.#transitions.firstKey(lane) ? this.#states.first(group) : NONE;
  }

  #openGroup(lane: number, coalesceKey: string): number {
    let groups = this.#groupsOf.get(lane);
    if (groups === undefined) {
      groups = new Map();
      this.#groupsOf.set(lane, groups);
    }
    let group = groups.get(coalesceKey);
    if (group === undefined) {
      group = this.#groups.take();
      groups.set(coalesceKey, group);
    }
    return group;
  }
}
