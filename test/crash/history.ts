/**
 * The history of a work queue over many lives of its process: what the child said, line by line, before it went on, and how
 * each life ended. Lines travel as JSON; what was cut off in the middle of a line was not said.
 */

/** One thing that happened. */
export type HistoryLine =
  /** A new life: the store is open. */
  | { readonly e: "opened" }
  /** These ids are about to be given to `admit`, in this order; `key`: the lane that each belongs to. */
  | {
      readonly e: "offered";
      readonly items: readonly {
        readonly id: string;
        readonly key: string | null;
        readonly sinks: readonly string[];
      }[];
    }
  /** What `admit` answered. */
  | {
      readonly e: "answered";
      readonly items: readonly {
        readonly id: string;
        readonly status: "admitted" | "coalesced" | "duplicate" | "full" | "too-large";
        readonly seq?: number;
        readonly refusedBy?: readonly string[];
      }[];
    }
  /** A handler was given an envelope and has done nothing yet; `intact`: its payload is what was admitted. */
  | {
      readonly e: "handed";
      readonly sink: string;
      readonly id: string;
      readonly seq: number;
      readonly key: string | null;
      readonly attempt: number;
      readonly token: number;
      readonly redriven: number;
      readonly intact: boolean;
    }
  /** A handler is done and about to say so. */
  | { readonly e: "ended"; readonly sink: string; readonly token: number; readonly result: "ack" | "retry" | "dead" }
  /** The store took the end of a delivery. */
  | { readonly e: "settled"; readonly sink: string; readonly token: number }
  /** The store said that the lease of a delivery had been over. */
  | { readonly e: "stale"; readonly sink: string; readonly token: number }
  /** Tokens of earlier lives were offered for settling; how many of them were taken. */
  | { readonly e: "fenced"; readonly taken: number }
  /** The process is at a named crash point and about to end there. */
  | { readonly e: "reached"; readonly point: string }
  /** Nothing waits and nothing is in flight any more: what the store says of the whole. */
  | {
      readonly e: "final";
      readonly sinks: Readonly<Record<string, FinalSink>>;
      readonly ledger: readonly { readonly sink: string; readonly reason: string; readonly id: string }[];
    }
  /** The life ended in peace. */
  | { readonly e: "closed" }
  /** The life ended by force; written by the parent. */
  | { readonly e: "killed" };

/** One sink when all is done. */
export interface FinalSink {
  readonly admitted: number;
  readonly acked: number;
  readonly waiting: number;
  readonly inFlight: number;
  readonly dead: readonly { readonly id: string; readonly seq: number; readonly attempts: number }[];
}

/** One line as it travels. */
export function toLine(line: HistoryLine): string {
  return `${JSON.stringify(line)}\n`;
}

/** The lines in what a child has written; what comes after the last line end was cut off. */
export function parseHistory(text: string): HistoryLine[] {
  const lines = text.split("\n");
  lines.pop();
  return lines.map((line) => JSON.parse(line) as HistoryLine);
}
