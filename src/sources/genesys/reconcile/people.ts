/**
 * How some people stand: one call for up to 50 of them; where that is refused, each part by itself, so that one missing permission hides
 * one part only; and person by person where there is no other way.
 */
import { readRestPart, type PartState } from "../../../core/freshness-standing.ts";
import { failedCall, type Trouble } from "../../../core/reconcile-findings.ts";
import type { StandingPart } from "../../../core/reconcile-topics.ts";
import { API_PATHS, STANDING_PATHS } from "../../../wire/genesys.ts";
import type { Asker } from "./asker.ts";

/** What was found out about one part of a person's standing. */
export type FoundPart = PartState | Trouble;

/** By person (as asked) and part. */
export type FoundPeople = ReadonlyMap<string, ReadonlyMap<StandingPart, FoundPart>>;

type Json = Readonly<Record<string, unknown>>;
type Found = Map<string, Map<StandingPart, FoundPart>>;

const GONE: Trouble = { outcome: "unknowable", why: "the platform does not know the person any more" };

/** Whether a part could not be had. */
export function isTrouble(found: FoundPart): found is Trouble {
  return "outcome" in found;
}

/** Asks how these people stand, by person the parts that are wanted. At most 50. */
export async function askPeople(
  asker: Asker,
  wanted: ReadonlyMap<string, ReadonlySet<StandingPart>>,
): Promise<FoundPeople> {
  const found: Found = new Map(Array.from(wanted.keys(), (id) => [id, new Map()]));
  const parts = [...new Set([...wanted.values()].flatMap((some) => [...some]))];
  const whoLacks = (part: StandingPart): readonly string[] =>
    [...wanted].filter(([id, some]) => some.has(part) && found.get(id)?.has(part) !== true).map(([id]) => id);
  const isRefused = (await askBulk(asker, [...wanted.keys()], parts, found)) === "refused";
  if (isRefused && parts.length > 1) for (const part of parts) await askBulk(asker, whoLacks(part), [part], found);
  for (const part of parts) {
    if (part === "presence" && whoLacks(part).length > 1) await askPresences(asker, whoLacks(part), found);
    for (const id of whoLacks(part)) await askOne(asker, id, part, found);
  }
  return found;
}

async function askBulk(
  asker: Asker,
  userIds: readonly string[],
  parts: readonly StandingPart[],
  found: Found,
): Promise<"done" | "refused"> {
  const expand = parts.join(",");
  const query = `id=${userIds.map(encodeURIComponent).join(",")}&pageSize=${userIds.length}&state=any&expand=${expand}`;
  const told = await asker.ask(`users ${expand}`, { method: "GET", path: `${API_PATHS.users}?${query}` });
  if (told.kind === "untold" && !told.isRefused) {
    for (const some of found.values()) for (const part of parts) some.set(part, told.trouble);
    return "done";
  }
  if (told.kind !== "told") return "refused";
  const entities = objects(asObject(told.json)?.["entities"]);
  for (const part of parts) {
    // A part that nobody has may be one that the platform left out of its answer.
    const isTold = entities.some((entity) => asObject(entity[part]) !== undefined);
    if (isTold) for (const entity of entities) notePart(found, entity["id"], part, entity[part]);
  }
  return "done";
}

/** Who has no telephone, or never was out of the office, has no such member. */
const UNSET: Readonly<Partial<Record<StandingPart, Json>>> = { station: {}, outOfOffice: { active: false } };

function notePart(found: Found, id: unknown, part: StandingPart, value: unknown): void {
  const [own, parts] = [...found].find(([asked]) => sameId(asked, id)) ?? [];
  const state = own === undefined ? undefined : readRestPart(part, own, value ?? UNSET[part]);
  if (state !== undefined) parts?.set(part, state);
}

async function askPresences(asker: Asker, userIds: readonly string[], found: Found): Promise<void> {
  const path = `${STANDING_PATHS.presences}?id=${userIds.map(encodeURIComponent).join(",")}`;
  const told = await asker.ask("presences", { method: "GET", path });
  if (told.kind !== "told") return;
  const list = Array.isArray(told.json) ? told.json : asObject(told.json)?.["entities"];
  for (const presence of objects(list)) notePart(found, presence["userId"] ?? presence["id"], "presence", presence);
}

async function askOne(asker: Asker, userId: string, part: StandingPart, found: Found): Promise<void> {
  const path = `${API_PATHS.users}/${encodeURIComponent(userId)}/${STANDING_PATHS[part]}`;
  const told = await asker.ask(`user ${part}`, { method: "GET", path });
  const parts = found.get(userId);
  if (told.kind === "gone") parts?.set(part, GONE);
  else if (told.kind === "untold") parts?.set(part, told.trouble);
  else
    parts?.set(
      part,
      readRestPart(part, userId, told.json) ??
        failedCall(`GET users/{id}/${STANDING_PATHS[part]}: no such state in the answer`),
    );
}

function sameId(asked: string, id: unknown): boolean {
  return typeof id === "string" && id.toLowerCase() === asked.toLowerCase();
}

function objects(value: unknown): readonly Json[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly unknown[]).map(asObject).filter((one) => one !== undefined);
}

function asObject(value: unknown): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}
