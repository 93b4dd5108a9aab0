/** What a source uses of its provider's limits, and signs of others that use them, as lines of text: nothing where there are none. */
import type { SourceReport } from "../../ports/service.ts";
import type { RivalCounts, TopicHeadroom } from "../../ports/source.ts";
import { count, duration, type Paint, printable } from "../text.ts";

/** Permissions that are named. */
const MAX_NAMED = 5;

/** Lines below the table of sources. */
export function headroomLines({ name, headroom, rivals }: SourceReport, now: number, paint: Paint): string[] {
  const troubles = rivals === undefined ? [] : rivalLines(rivals, now);
  const rooms: string[] = [];
  if (headroom !== undefined && headroom.wanted > 0) {
    troubles.push(...troubleLines(headroom));
    rooms.push(roomLine(headroom));
  }
  const lines = [...troubles.map((line) => paint("yellow", line)), ...rooms.map((line) => paint("dim", line))];
  return lines.map((line) => `  ${printable(name)}: ${line}`);
}

const RIVALS: readonly (readonly [keyof RivalCounts, string])[] = [
  ["evictions", "the platform dropped a channel before its end: more than 20 of this OAuth client were made"],
  ["takeovers", "another socket took a channel"],
  ["displacements", "another channel of this OAuth client took topics over"],
];

function rivalLines(rivals: RivalCounts, now: number): string[] {
  return RIVALS.flatMap(([sign, words]) => {
    const { count: times, lastAt } = rivals[sign];
    if (times === 0 || lastAt === undefined) return [];
    const how = times === 1 ? "once" : `${count(times)} times`;
    return [`${words}, ${how}, last ${duration(Math.max(0, now - lastAt))} ago`];
  });
}

function roomLine({ topicsUntilLimit, topicsUntilNextChannel, channels }: TopicHeadroom): string {
  const inUse = channels.own + (channels.others ?? 0);
  const use =
    channels.others === undefined
      ? `${channels.own} of ${channels.limit} channels are ours, others are not known`
      : `${inUse} of ${channels.limit} channels in use`;
  return `room for ${count(topicsUntilLimit)} more topics, ${count(topicsUntilNextChannel)} of them on the channels there are; ${use}`;
}

function troubleLines({ wanted, noRoom, rejected, missingPermissions, requests }: TopicHeadroom): string[] {
  const lines: string[] = [];
  if (noRoom > 0) lines.push(`${count(noRoom)} of ${count(wanted)} topics have no room on any channel`);
  if (rejected > 0)
    lines.push(`${topicsOf(rejected)} ${rejected === 1 ? "is" : "are"} refused${missing(missingPermissions)}`);
  if (requests.left === 0 && requests.allowed > 0) {
    const spent = `the platform's ${count(requests.allowed)} requests a minute are spent`;
    lines.push(`${spent}; more in ${duration(requests.resetsInMs)}`);
  }
  return lines;
}

function missing(permissions: TopicHeadroom["missingPermissions"]): string {
  const all = Object.entries(permissions);
  if (all.length === 0) return "";
  const named = all.slice(0, MAX_NAMED).map(([permission, topics]) => {
    return `${permission === "" ? "no permission named" : printable(permission)} (${topicsOf(topics)})`;
  });
  const more = all.length - named.length;
  return `; missing: ${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function topicsOf(topics: number): string {
  return topics === 1 ? "1 topic" : `${count(topics)} topics`;
}
