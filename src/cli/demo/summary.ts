/** How a demo ended: the JSON line of the outward contract, the summary for people, and the exit code. */
import type { ServiceStatus } from "../../ports/service.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { table } from "../table.ts";
import { count, duration, type Paint, printable } from "../text.ts";
import type { ProducedEvent, Verdict } from "./judge.ts";

/** The JSON summary; its members are fixed. */
export interface DemoSummary {
  /** By the emulator's ledger. */
  readonly produced: number;
  /** Live, as all counts up to `classes`. */
  readonly received: number;
  readonly admitted: number;
  /** Handed to the demo's handler and acknowledged. */
  readonly delivered: number;
  /** By the emulator's ledger: sent on a live socket, and never given to the handler. */
  readonly lost: number;
  readonly duplicates: number;
  readonly orderViolations: number;
  readonly seconds: number;
  readonly classes: Readonly<Record<string, ClassSummary>>;
  /** Handed to the handler besides: states that were asked for at the start and after gaps. The classes count them, too. */
  readonly reconciled: number;
}

/** One class in {@link DemoSummary}; waits from admission to hand-over. */
export interface ClassSummary {
  readonly delivered: number;
  readonly waitMs: { readonly p50: number; readonly p99: number };
}

/** Puts the summary together. */
export function summarise(status: ServiceStatus, verdict: Verdict, reconciled: number, elapsedMs: number): DemoSummary {
  const { intake, classes, sources } = status;
  const handedOn = sources.reduce((sum, { reconciliation }) => sum + (reconciliation?.handedOn ?? 0), 0);
  return {
    produced: verdict.produced,
    received: intake.received - handedOn,
    admitted: intake.admitted + intake.coalesced - handedOn,
    delivered: classes.reduce((sum, entry) => sum + entry.delivered, 0) - reconciled,
    lost: verdict.outstanding,
    duplicates: verdict.duplicates,
    orderViolations: verdict.orderViolations,
    seconds: rounded(elapsedMs / 1_000, 1),
    classes: Object.fromEntries(
      classes.map(({ name, delivered, waitMs }) => [
        name,
        { delivered, waitMs: { p50: rounded(waitMs.p50, 3), p99: rounded(waitMs.p99, 3) } },
      ]),
    ),
    reconciled,
  };
}

/** Nothing received at all is a failure: then nothing lost says nothing. */
export function exitCodeOfDemo({ received, lost, orderViolations }: DemoSummary): ExitCode {
  if (lost > 0 || orderViolations > 0) return EXIT.FOUND;
  return received === 0 ? EXIT.FAILED : EXIT.OK;
}

/** The summary for people. */
export function summaryLines(summary: DemoSummary, missing: readonly ProducedEvent[], paint: Paint): string[] {
  const { produced, received, delivered, lost, duplicates, orderViolations, seconds, reconciled } = summary;
  const rows = Object.entries(summary.classes).map(([name, { delivered: done, waitMs }]) => [
    printable(name),
    count(done),
    done === 0 ? "-" : duration(waitMs.p50),
    done === 0 ? "-" : duration(waitMs.p99),
  ]);
  return [
    `In ${seconds} s the contact centre produced ${count(produced)} events; ${count(received)} came in and ${count(delivered)} were delivered.`,
    ...(reconciled > 0
      ? [`${count(reconciled)} states were asked for besides, at the start and after gaps, and delivered, too.`]
      : []),
    "",
    ...table(
      [
        { title: paint("dim", "class") },
        { title: paint("dim", "delivered"), align: "right" },
        { title: paint("dim", "p50 wait"), align: "right" },
        { title: paint("dim", "p99 wait"), align: "right" },
      ],
      rows,
    ).map((line) => `  ${line}`),
    "",
    verdictText(lost, orderViolations, duplicates, paint),
    ...missing.map(({ n, topic, key }) =>
      paint("red", `  missing: event ${n}, ${printable(topic)}, key ${printable(key)}`),
    ),
    ...(received === 0 ? [paint("red", "Not one event came in, so this says nothing.")] : []),
  ];
}

function verdictText(lost: number, orderViolations: number, duplicates: number, paint: Paint): string {
  const text = `By the emulator's own ledger: ${count(lost)} lost, ${count(orderViolations)} out of order, ${count(duplicates)} twice.`;
  return paint(lost + orderViolations > 0 ? "red" : "green", text);
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
