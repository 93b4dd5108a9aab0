/** What a source uses of its provider's limits, as lines of text: nothing where it has none. */
import type { SourceReport } from "../../ports/service.ts";
import type { TopicHeadroom } from "../../ports/source.ts";
import { count, duration, type Paint, printable } from "../text.ts";

/** Permissions that are named. */
const MAX_NAMED = 5;

/** Lines below the table of sources. */
export function headroomLines({ name, headroom }: SourceReport, paint: Paint): string[] {
  if (headroom === undefined || headroom.wanted === 0) return [];
  const lines = [...troubleLines(headroom).map((line) => paint("yellow", line)), paint("dim", roomLine(headroom))];
  return lines.map((line) => `  ${printable(name)}: ${line}`);
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
