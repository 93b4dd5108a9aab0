/** One source file as the architecture test sees it: what it imports, which effects it uses, what it exports by default. */
import { readdirSync, readFileSync } from "node:fs";
import { join, posix, relative, sep } from "node:path";
import { parseSync } from "oxc-parser";

/** One import, export-from, `import()`, type import or `new URL("./file.ts", import.meta.url)`. */
export interface ImportEdge {
  readonly specifier: string;
  /** The file meant, relative to `src`; undefined for packages and Node's own modules. */
  readonly target: string | undefined;
  /** Loaded before the file's first statement runs: a static import of a value. */
  readonly eager: boolean;
  readonly line: number;
}

/** Something found at a line. */
export interface Mark {
  readonly name: string;
  readonly line: number;
}

/** A parsed source file. */
export interface SourceFile {
  /** Relative to `src`, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly lineCount: number;
  readonly imports: readonly ImportEdge[];
  /** Uses of globals and members that reach for time, chance, network or process. */
  readonly effects: readonly Mark[];
  readonly defaultExports: readonly Mark[];
  readonly starExports: readonly Mark[];
  /** Nothing but re-exports. */
  readonly isBarrel: boolean;
}

/** All TypeScript below a folder. */
export function readSources(folder: string): SourceFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .map((path) => parseSource(relative(folder, path).split(sep).join("/"), readFileSync(path, "utf8")));
}

/** One file from its text; throws where it does not parse, for a file that is not understood proves nothing. */
export function parseSource(path: string, text: string): SourceFile {
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0]?.message}`);
  const reader = new Reader(path, text);
  reader.visit(program as unknown as Node, false);
  return {
    path,
    text,
    lineCount: text.split("\n").length - (text.endsWith("\n") ? 1 : 0),
    imports: reader.imports,
    effects: reader.effects.filter((mark) => !reader.declared.has(mark.name)),
    defaultExports: reader.defaultExports,
    starExports: reader.starExports,
    isBarrel:
      program.body.length > 0 &&
      program.body.every((node) => "source" in node && node.source !== null && node.type !== "ImportDeclaration"),
  };
}

const GLOBALS = new Set([
  "setTimeout",
  "setInterval",
  "setImmediate",
  "clearTimeout",
  "clearInterval",
  "clearImmediate",
  "performance",
  "fetch",
  "WebSocket",
  "EventSource",
  "process",
  "console",
  "Buffer",
  "queueMicrotask",
]);
const MEMBERS = new Set([
  "Date.now",
  "Math.random",
  "crypto.randomUUID",
  "crypto.getRandomValues",
  "AbortSignal.timeout",
  "Atomics.wait",
]);

type Node = Readonly<Record<string, unknown>> & { readonly type: string; readonly start: number };

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string";

/** Fields that hold a name and no reference, by the type of their node (a computed name is an expression all the same). */
const NAME_FIELDS: Readonly<Record<string, readonly string[]>> = {
  MemberExpression: ["property"],
  Property: ["key"],
  MethodDefinition: ["key"],
  PropertyDefinition: ["key"],
  AccessorProperty: ["key"],
  ExportSpecifier: ["exported"],
  ImportSpecifier: ["imported"],
  LabeledStatement: ["label"],
  BreakStatement: ["label"],
  ContinueStatement: ["label"],
};
/** TypeScript nodes in which an expression lives on; everything else of theirs is type and has no effect. */
const EXPRESSION_TYPES = new Set([
  "TSAsExpression",
  "TSSatisfiesExpression",
  "TSNonNullExpression",
  "TSTypeAssertion",
  "TSInstantiationExpression",
]);
const DECLARING = new Set([
  "ImportSpecifier",
  "ImportDefaultSpecifier",
  "ImportNamespaceSpecifier",
  "FunctionDeclaration",
  "ClassDeclaration",
]);

class Reader {
  readonly imports: ImportEdge[] = [];
  readonly effects: Mark[] = [];
  readonly defaultExports: Mark[] = [];
  readonly starExports: Mark[] = [];
  /** Names that the file declares or imports: these are not the globals. */
  readonly declared = new Set<string>();
  readonly #path: string;
  readonly #text: string;

  constructor(path: string, text: string) {
    this.#path = path;
    this.#text = text;
  }

  visit(node: Node, inType: boolean): void {
    this.#noteImport(node);
    this.#noteExport(node);
    this.#noteDeclaration(node);
    if (!inType) this.#noteEffect(node);
    const names = node["computed"] === true ? [] : (NAME_FIELDS[node.type] ?? []);
    for (const [field, value] of Object.entries(node)) {
      if (names.includes(field)) continue;
      const isType =
        inType || (node.type.startsWith("TS") && !(EXPRESSION_TYPES.has(node.type) && field === "expression"));
      for (const child of Array.isArray(value) ? (value as unknown[]) : [value]) {
        if (isNode(child)) this.visit(child, isType);
      }
    }
  }

  #noteImport(node: Node): void {
    const source = isWorkerUrl(node) ? (node["arguments"] as unknown[])[0] : importSource(node);
    if (!isNode(source) || typeof source["value"] !== "string") return;
    const specifier = source["value"];
    const kind = node["importKind"] ?? node["exportKind"];
    const lazy = node.type === "ImportExpression" || node.type === "TSImportType" || node.type === "NewExpression";
    this.imports.push({
      specifier,
      target: specifier.startsWith(".") ? posix.join(posix.dirname(this.#path), specifier) : undefined,
      eager: !lazy && kind !== "type",
      line: this.#line(node),
    });
  }

  #noteExport(node: Node): void {
    if (node.type === "ExportDefaultDeclaration") this.defaultExports.push({ name: "default", line: this.#line(node) });
    if (node.type === "ExportSpecifier" && (node["exported"] as { name?: string }).name === "default") {
      this.defaultExports.push({ name: "default", line: this.#line(node) });
    }
    if (node.type === "ExportAllDeclaration") this.starExports.push({ name: "*", line: this.#line(node) });
  }

  #noteDeclaration(node: Node): void {
    if (DECLARING.has(node.type)) this.#declare(node["local"] ?? node["id"]);
    if (node.type === "VariableDeclarator") this.#declare(node["id"]);
    for (const parameter of Array.isArray(node["params"]) ? (node["params"] as unknown[]) : [])
      this.#declare(parameter);
  }

  #declare(target: unknown): void {
    if (!isNode(target)) return;
    if (target.type === "Identifier") this.declared.add(target["name"] as string);
    else if (target.type === "AssignmentPattern") this.#declare(target["left"]);
    else if (target.type === "RestElement") this.#declare(target["argument"]);
    else if (target.type === "ArrayPattern")
      for (const element of target["elements"] as unknown[]) this.#declare(element);
    else if (target.type === "ObjectPattern") {
      for (const property of target["properties"] as Node[]) this.#declare(property["value"] ?? property);
    }
  }

  #noteEffect(node: Node): void {
    if (node.type === "Identifier" && GLOBALS.has(node["name"] as string)) this.#effect(node["name"] as string, node);
    if ((node.type === "NewExpression" || node.type === "CallExpression") && nameOf(node["callee"]) === "Date") {
      const values = node["arguments"] as unknown[];
      if (node.type === "CallExpression" || values.length === 0) this.#effect("new Date()", node);
    }
    if (node.type !== "MemberExpression") return;
    const owner = nameOf(node["object"]);
    const member = memberName(node);
    if (owner === undefined || member === undefined) return;
    if (MEMBERS.has(`${owner}.${member}`)) this.#effect(`${owner}.${member}`, node);
    if (owner === "globalThis" && GLOBALS.has(member)) this.#effect(`globalThis.${member}`, node);
    if (owner === "process" && member === "exit") this.#effect("process.exit", node);
  }

  #effect(name: string, node: Node): void {
    this.effects.push({ name, line: this.#line(node) });
  }

  #line(node: Node): number {
    return this.#text.slice(0, node.start).split("\n").length;
  }
}

function importSource(node: Node): unknown {
  switch (node.type) {
    case "ImportDeclaration":
    case "ExportNamedDeclaration":
    case "ExportAllDeclaration":
    case "ImportExpression":
    case "TSImportType":
      return node["source"];
    case "TSExternalModuleReference":
      return node["expression"];
    default:
      return undefined;
  }
}

/** `new URL("./worker.ts", import.meta.url)`: how a worker's file is named. */
function isWorkerUrl(node: Node): boolean {
  if (node.type !== "NewExpression" || nameOf(node["callee"]) !== "URL") return false;
  const [first, second] = node["arguments"] as unknown[];
  return (
    isNode(first) &&
    /^\.{1,2}\/.*\.[jt]s$/.test(String(first["value"])) &&
    isNode(second) &&
    memberName(second) === "url"
  );
}

function nameOf(value: unknown): string | undefined {
  return isNode(value) && value.type === "Identifier" ? (value["name"] as string) : undefined;
}

function memberName(node: Node): string | undefined {
  const property = node["property"];
  if (!isNode(property)) return undefined;
  return node["computed"] === true
    ? (property["value"] as string | undefined)
    : (property["name"] as string | undefined);
}
