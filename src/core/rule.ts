/** The words of classification: priority classes and rules, as configuration and code give them. */

/** A priority class; its rank is its place in the configured list, 0 = most urgent. */
export interface PriorityClass {
  readonly name: string;
  /** Lanes of this class are never shed to make room (docs/work-queue.md Q10). @defaultValue `true` for the first class, else `false` */
  readonly neverShed?: boolean;
  /** Share of hand-overs that the class gets under load (docs/work-queue.md Q3), 0 to 0.5. @defaultValue `0` */
  readonly minShare?: number;
}

/** One classification rule; the first that matches wins. */
export interface Rule {
  /** Shown by `explain`, in metrics and in the dashboard. */
  readonly name: string;
  /** Topic patterns: segments between dots, `*` is exactly one segment. None given: every topic. */
  readonly topics?: readonly string[];
  /** CEL over `topic`, `body`, `event`, to a boolean. None given: matches. */
  readonly when?: string;
  /** Name of the priority class. */
  readonly class: string;
  /** CEL to the ordering key (string); absent, null or failing: the default key of the wire. */
  readonly key?: string;
  /** CEL to the coalescing key (string): newer state replaces older (docs/work-queue.md Q9). */
  readonly coalesceKey?: string;
  /** The event ends this long after its arrival, in milliseconds (docs/work-queue.md Q8). */
  readonly ttlMs?: number;
}

/** A rule, or the built-in rules of both wires from here on. */
export type RuleEntry = Rule | { readonly use: "defaults" };

/** The classes used where none are configured. */
export const DEFAULT_CLASSES: readonly PriorityClass[] = [
  { name: "critical", neverShed: true },
  { name: "high", minShare: 0.1 },
  { name: "standard", minShare: 0.05 },
];
