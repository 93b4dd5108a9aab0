/** What the work queue knows of one admitted envelope, shared by all the sinks that have it. */

/** An admitted envelope. `P` is its bytes, or whatever the store holds in their place: the work queue never looks at it. */
export interface QueueEnvelope<P> {
  readonly seq: number;
  readonly id: string;
  /** Rank of its own class. */
  readonly rank: number;
  readonly key: string | undefined;
  /** Only with a key (Q9: without key nothing coalesces). */
  readonly coalesceKey: string | undefined;
  readonly deadOnExpiry: boolean;
  /** Epoch milliseconds. */
  readonly admittedAt: number;
  readonly bytes: number;
  readonly payload: P;
  /** Several sinks were asked to take it: the payload is stored once and let go by the last that holds it. */
  readonly shared: boolean;
}
