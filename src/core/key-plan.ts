/**
 * How a rule's `key` or `coalesceKey` is found.
 *
 * K1 `topic`, `body.a` and `body.a.b` are read without parsing the body. For JSON the answer is the one that evaluation
 *    gives; for a body that is not JSON after all, the member is taken where its bytes are found (json-scan.ts, S3), so
 *    that events of one conversation stay in order even then.
 * K2 A member that is absent, null or no string, and an expression that fails, give the default key of the wire.
 */
import type { CelNode, CelProgram } from "./cel.ts";

/** A way to a key. */
export type KeyPlan =
  | { readonly kind: "topic" }
  /** A place in the list of paths that are scanned for. */
  | { readonly kind: "member"; readonly slot: number }
  | { readonly kind: "expression"; readonly program: CelProgram };

/** The plan for an expression; paths that it needs are added to `paths`. */
export function planKey(program: CelProgram, paths: (readonly string[])[]): KeyPlan {
  if (program.ast.op === "id" && program.ast.args === "topic") return { kind: "topic" };
  const path = memberPath(program.ast);
  if (path === undefined || path.length === 0) return { kind: "expression", program };
  const known = paths.findIndex(
    (other) => other.length === path.length && other.every((name, at) => name === path[at]),
  );
  return { kind: "member", slot: known >= 0 ? known : paths.push(path) - 1 };
}

/** The member names in `body.a.b`; undefined for every other expression. */
function memberPath(node: CelNode): readonly string[] | undefined {
  if (node.op === "id") return node.args === "body" ? [] : undefined;
  if (node.op !== ".") return undefined;
  const outer = memberPath(node.args[0]);
  return outer === undefined ? undefined : [...outer, node.args[1]];
}
