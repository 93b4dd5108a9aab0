/** Filters of analytics queries: `{type: and|or, predicates, clauses}` over records of dimensions. */
import { asObject } from "./answer.ts";
import type { Json } from "./said.ts";

/** A filter that was read. */
export type Filter = (record: Json) => boolean;

/** Reads a filter, or says what is wrong with it. */
export function readFilter(value: unknown, dimensions: readonly string[]): Filter | string {
  const filter = asObject(value);
  if (filter === undefined) return "a filter must be an object with type and predicates";
  const { type, predicates = [], clauses = [] } = filter;
  if (type !== "and" && type !== "or") return "type of a filter must be and or or";
  if (!Array.isArray(predicates) || !Array.isArray(clauses)) return "predicates and clauses must be lists";
  const parts = [
    ...predicates.map((predicate) => readPredicate(predicate, dimensions)),
    ...clauses.map((clause) => readFilter(clause, dimensions)),
  ];
  const complaint = parts.find((part) => typeof part === "string");
  if (complaint !== undefined) return complaint;
  const filters = parts as readonly Filter[];
  return (record) => (type === "and" ? filters.every((one) => one(record)) : filters.some((one) => one(record)));
}

function readPredicate(value: unknown, dimensions: readonly string[]): Filter | string {
  const { dimension, operator = "matches", value: wanted } = asObject(value) ?? {};
  if (typeof dimension !== "string" || !dimensions.includes(dimension)) {
    return `dimension must be one of ${dimensions.join(", ")}; got ${String(dimension)}`;
  }
  if (operator === "exists") return (record) => record[dimension] !== undefined;
  if (operator === "notExists") return (record) => record[dimension] === undefined;
  if (operator !== "matches") return `operator must be matches, exists or notExists; got ${String(operator)}`;
  if (typeof wanted !== "string") return `a predicate of ${dimension} needs a value`;
  return (record) => String(record[dimension]).toLowerCase() === wanted.toLowerCase();
}
