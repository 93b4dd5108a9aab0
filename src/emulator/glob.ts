/** Patterns in which `*` stands for anything, compared without case. */

/** Compiles a pattern. */
export function glob(pattern: string): (text: string) => boolean {
  if (pattern === "*") return () => true;
  const parts = pattern.split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  const compiled = new RegExp(`^${parts.join(".*")}$`, "iu");
  return (text) => compiled.test(text);
}
