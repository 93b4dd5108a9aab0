/** The words of classification: what goes in, what comes out, and the explanation for people. */
import type { BodyEncoding, Origin } from "./event-record.ts";

/** What rules may look at. */
export interface ClassifyInput {
  readonly topic: string;
  readonly body: Uint8Array;
  readonly encoding: BodyEncoding;
  readonly source: string;
  readonly origin: Origin;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  readonly correlationId?: string | undefined;
  /** The key of the wire, taken where no rule gives one. */
  readonly key?: string | undefined;
}

/** The answer for one event; there always is one. */
export interface Classification {
  readonly class: string;
  readonly key: string | undefined;
  readonly coalesceKey: string | undefined;
  readonly ttlMs: number | undefined;
  /** Place of the rule that matched in the resolved list (defaults unfolded), -1 when none did: then the last class. */
  readonly ruleIndex: number;
  /** Errors thrown by expressions on the way (a rule that throws does not match). */
  readonly ruleErrors: number;
}

/** One step of an explanation. */
export interface ExplainStep {
  readonly rule: string;
  readonly matched: boolean;
  /** Why not, or why: "topic does not match", "when: false", "when: No such key: participants" … */
  readonly reason: string;
}

/** How one event would be classified, and why. */
export interface ClassifyExplanation extends Classification {
  readonly rule: string | undefined;
  readonly steps: readonly ExplainStep[];
}

/** Compiled rules. */
export interface Classifier {
  /** Total: never throws, whatever the input. */
  classify(input: ClassifyInput): Classification;
  explain(input: ClassifyInput): ClassifyExplanation;
  /** Names of the resolved rules, in order. */
  readonly ruleNames: readonly string[];
}

/** Bounds of what rules look into. */
export interface ClassifyOptions {
  /** A body nested deeper is not parsed: `body` is `null` then. @defaultValue `64` */
  readonly maxDepth?: number;
  /** Nor is a longer one, in bytes. @defaultValue 1 MiB */
  readonly maxBodyBytes?: number;
}
