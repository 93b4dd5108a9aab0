/** What a source asks for after gaps, as a line of text: nothing where it never asked. */
import type { SourceReport } from "../../ports/service.ts";
import { count, type Paint, printable } from "../text.ts";

/** A line below the table of sources. */
export function reconciliationLines({ name, reconciliation }: SourceReport, paint: Paint): string[] {
  if (reconciliation?.askedAt === undefined) return [];
  const { asking, handedOn, unchanged, behind, failed } = reconciliation;
  const facts = [
    `${count(handedOn)} states handed on after gaps`,
    `${count(unchanged)} nothing new`,
    ...(behind > 0 ? [`${count(behind)} older than live events`] : []),
    ...(failed > 0 ? [`${count(failed)} questions failed`] : []),
    ...(asking > 0 ? [`asking about ${asking === 1 ? "1 gap" : `${count(asking)} gaps`}`] : []),
  ];
  return [`  ${printable(name)}: ${paint(failed > 0 ? "yellow" : "dim", facts.join(", "))}`];
}
