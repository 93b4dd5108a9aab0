/** Identifiers for what has names of any kind: each name once, always the same for the same input. */

/** Hands out names; none twice, whatever their case: files on some systems, and people, don't tell `User` from `user`. */
export class Names {
  readonly #taken: Set<string>;

  constructor(taken: readonly string[]) {
    this.#taken = new Set(taken.map((name) => name.toLowerCase()));
  }

  /** The name as it is wished where it is free, else with a number. */
  take(wish: string): string {
    const base = toTypeName(wish);
    let name = base;
    for (let number = 2; this.#taken.has(name.toLowerCase()); number += 1) name = `${base}${number}`;
    this.#taken.add(name.toLowerCase());
    return name;
  }
}

const LONGEST = 120;

/** Letters and digits in one word that begins with a capital: a valid identifier, and none of the language's own words. */
export function toTypeName(text: string): string {
  const words = text.normalize("NFKD").match(/[A-Za-z0-9_]+/gu) ?? [];
  const joined = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
  const plain = joined.replaceAll("_", "").slice(0, LONGEST);
  if (plain === "") return "Body";
  return /^\d/u.test(plain) ? `T${plain}` : plain;
}

/** `urn:jsonschema:com:example:v2:UserPresence` is `UserPresence`; `https://example.com/user.json#` is `User`. */
export function nameOfId(id: string): string {
  const bare = id.replace(/[#?].*$/u, "").replace(/\/+$/u, "");
  const last = bare.split(/[:/]/u).findLast((part) => part !== "") ?? "";
  return last.replace(/\.(?:json|schema)+$/iu, "");
}

/** `v2.users.{id}.presence` is `users presence`. */
export function nameOfTopic(topic: string): string {
  return topic
    .replace(/^v2\./iu, "")
    .replaceAll(/\{[^}]*\}/gu, "")
    .split(/[.?&]/u)
    .join(" ");
}

/** A member's name as it stands in a type: quoted where it must be. */
export function memberName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/u.test(name) ? name : JSON.stringify(name);
}
