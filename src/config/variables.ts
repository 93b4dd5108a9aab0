/**
 * `${NAME}` and `${NAME:-otherwise}` in a configuration.
 *
 * V1 `${NAME}` unset is a problem that names NAME. `${NAME:-}` unset, as a whole value, is as if the member were not there.
 *    Empty counts as unset, as shells have it for `:-`.
 * V2 Expressions (`rules`, `when`) are taken as they stand: they have braces of their own, and are shown in messages.
 * V3 What came from a variable is remembered, so that messages show `${NAME}` and never its value.
 * `$${` stands for a literal `${`.
 */
import type { ConfigPath } from "./problem.ts";
import { showPath } from "./problem.ts";

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A configuration with its variables filled in. */
export interface FilledIn {
  readonly value: unknown;
  /** By path as shown: the text with the references, of every value that came from variables (V3). */
  readonly references: ReadonlyMap<string, string>;
  /** The values that were put in, by the names of their variables. */
  readonly used: ReadonlyMap<string, string>;
  readonly problems: readonly { readonly path: ConfigPath; readonly message: string }[];
}

const REFERENCE = /\$(\$\{)|\$\{([^}]*)\}/gu;
const NAME = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([\s\S]*))?$/u;
const ABSENT = Symbol("absent");

/** Fills variables in, everywhere but in expressions. */
export function fillVariables(value: unknown, env: Environment): FilledIn {
  const references = new Map<string, string>();
  const used = new Map<string, string>();
  const problems: { readonly path: ConfigPath; readonly message: string }[] = [];

  const walk = (node: unknown, path: ConfigPath): unknown => {
    if (path[0] === "rules" || path.at(-1) === "when") return node;
    if (typeof node === "string") return fill(node, path);
    if (Array.isArray(node)) {
      return node.map((item, at) => walk(item, [...path, at])).filter((item) => item !== ABSENT);
    }
    if (typeof node !== "object" || node === null) return node;
    const members = Object.entries(node).map(([name, member]): [string, unknown] => [
      name,
      walk(member, [...path, name]),
    ]);
    return Object.fromEntries(members.filter(([, member]) => member !== ABSENT));
  };

  const fill = (text: string, path: ConfigPath): string | typeof ABSENT => {
    if (!text.includes("$")) return text;
    let isAbsent = false;
    let isReference = false;
    const filled = text.replaceAll(
      REFERENCE,
      (whole: string, escaped: string | undefined, inner: string | undefined) => {
        if (escaped !== undefined) return "${";
        isReference = true;
        const [, name, otherwise] = NAME.exec(inner ?? "") ?? [];
        if (name === undefined) {
          problems.push({
            path,
            message: `${whole} is no reference; write \${NAME}, \${NAME:-otherwise}, or $\${ for a literal \${`,
          });
          return "";
        }
        const found = env[name];
        if (found !== undefined && found !== "") {
          used.set(name, found);
          return found;
        }
        if (otherwise === undefined) problems.push({ path, message: `the environment variable ${name} is not set` });
        else if (otherwise === "" && whole === text) isAbsent = true;
        return otherwise ?? "";
      },
    );
    if (isReference) references.set(showPath(path), text);
    return isAbsent ? ABSENT : filled;
  };

  const filled = walk(value, []);
  return { value: filled === ABSENT ? undefined : filled, references, used, problems };
}

/** A message in which no value of a variable stands (V3): its reference does. */
export function withoutValues(message: string, used: ReadonlyMap<string, string>): string {
  let safe = message;
  // Longest first: one value may be the beginning of another.
  for (const [name, value] of [...used].sort(([, a], [, b]) => b.length - a.length)) {
    if (value.length < 3) continue;
    const spelled = JSON.stringify(value).slice(1, -1);
    safe = safe.replaceAll(spelled, `\${${name}}`).replaceAll(value, `\${${name}}`);
  }
  return safe;
}
