/**
 * A configuration file as data that remembers where each thing stands. YAML 1.2; JSON is YAML.
 *
 * D1 Warnings of the YAML parser are errors: what is ambiguous is not guessed at.
 * D2 Messages are ours, by the parser's code: its own quote the text, and the text may be a secret.
 * D3 Bounds: one mebibyte, one document, few aliases (a small file of nested aliases can unfold to gigabytes).
 */
import { isMap, isPair, isScalar, LineCounter, parseAllDocuments, type Document, visit } from "yaml";
import { type ConfigPath, type ConfigProblem, showPath } from "./problem.ts";

/** Line and column, from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A parsed file. */
export interface ConfigDocument {
  readonly value: unknown;
  /** Where the value of a path stands; of the nearest part of it that is there. */
  placeOf(path: ConfigPath): Place | undefined;
  /** Where the name of the last member of a path stands. */
  placeOfName(path: ConfigPath): Place | undefined;
  readonly problems: readonly ConfigProblem[];
}

const MAX_ALIASES = 100;

/** Names for what the parser complains about (D2). */
const COMPLAINTS: Readonly<Record<string, string>> = {
  ALIAS_PROPS: "an alias (*name) can't have a tag or an anchor of its own",
  BAD_ALIAS: "an alias (*name) without its anchor before it; a value that begins with * needs quotes",
  BAD_DQ_ESCAPE: 'an escape that "…" does not know; write \\\\ for a backslash, or use single quotes',
  BAD_INDENT: "this is not indented as its neighbours are, or a bracket before it is not closed",
  BAD_SCALAR_START: "a value that begins with this character needs quotes",
  BLOCK_AS_IMPLICIT_KEY: 'more than one value on a line; values with ": " in them need quotes',
  BLOCK_IN_FLOW: "a block inside { } or [ ]",
  DUPLICATE_KEY: "this name stands here twice",
  MISSING_CHAR: "a bracket, quote or comma is missing",
  MULTILINE_IMPLICIT_KEY: "a name that goes over several lines",
  TAB_AS_INDENT: "a tab; YAML is indented with blanks",
  TAG_RESOLVE_FAILED: "an unknown tag (!name); a value that begins with ! needs quotes",
  UNEXPECTED_TOKEN:
    "something that does not belong here; perhaps quotes are missing (${NAME} inside { } or [ ] needs them)",
};

/** Reads YAML or JSON; never throws. Where `problems` has entries, `value` is not to be used. */
export function parseConfigText(text: string): ConfigDocument {
  const counter = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: counter, prettyErrors: false, uniqueKeys: true });
  const problems: ConfigProblem[] = [];
  const report = (offset: number, message: string): void => {
    const place = placeAt(counter, offset);
    // One missing quote makes the parser stumble over every word behind it.
    const isRepeated = problems.some((known) => known.message === message && place.line - (known.line ?? 0) <= 1);
    if (!isRepeated) problems.push({ path: "", ...place, message });
  };
  const document = "empty" in documents ? undefined : documents[0];
  if (document === undefined) return emptyDocument();
  if (documents.length > 1) report(documents[1]?.range?.[0] ?? 0, "a second document (---); one is allowed");
  for (const complaint of [...document.errors, ...document.warnings]) {
    report(complaint.pos[0], COMPLAINTS[complaint.code] ?? `this is no valid YAML (${complaint.code})`);
  }
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) === undefined) report(alias.range?.[0] ?? 0, COMPLAINTS["BAD_ALIAS"] ?? "");
    },
  });
  const value = problems.length > 0 ? undefined : toValue(document, report);
  return {
    value,
    problems,
    placeOf: (path) => placeOfValue(document, counter, path),
    placeOfName: (path) => placeOfName(document, counter, path),
  };
}

function toValue(document: Document, report: (offset: number, message: string) => void): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown;
  } catch {
    report(0, `too many aliases (*name) or an alias inside its own anchor; ${MAX_ALIASES} are allowed`);
    return undefined;
  }
}

function emptyDocument(): ConfigDocument {
  const nowhere = (): undefined => undefined;
  return {
    value: undefined,
    placeOf: nowhere,
    placeOfName: nowhere,
    problems: [{ path: showPath([]), line: 1, column: 1, message: "the file is empty" }],
  };
}

function placeAt(counter: LineCounter, offset: number): Place {
  const { line, col } = counter.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function placeOfValue(document: Document, counter: LineCounter, path: ConfigPath): Place | undefined {
  for (let length = path.length; length >= 0; length -= 1) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    const offset = startOf(node);
    if (offset !== undefined) return placeAt(counter, offset);
  }
  return undefined;
}

function placeOfName(document: Document, counter: LineCounter, path: ConfigPath): Place | undefined {
  const parent: unknown = path.length <= 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return placeOfValue(document, counter, path);
  const pair = parent.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === path.at(-1));
  const offset = startOf(pair?.key);
  return offset === undefined ? placeOfValue(document, counter, path) : placeAt(counter, offset);
}

function startOf(node: unknown): number | undefined {
  if (typeof node !== "object" || node === null || !("range" in node) || !Array.isArray(node.range)) return undefined;
  const start: unknown = node.range[0];
  return typeof start === "number" ? start : undefined;
}
