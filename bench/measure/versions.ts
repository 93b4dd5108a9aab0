/** Versions of the peers that are installed beside the benches. */
import { readFileSync } from "node:fs";

/** `name version`, from the packages as they are installed. */
export function versionsOf(...names: readonly string[]): string[] {
  return names.map((name) => {
    const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
    return `${name} ${(JSON.parse(readFileSync(file, "utf8")) as { version: string }).version}`;
  });
}
