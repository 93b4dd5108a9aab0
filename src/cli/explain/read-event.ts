/** The event that `explain` is given, in any of the shapes in which people have one. */
import { readFile } from "node:fs/promises";
import { RingfirstError } from "../../errors.ts";
import type { ExplainQuery } from "../../ports/service.ts";
import { keyPlace } from "../../wire/genesys.ts";
import { KEY_MEMBERS } from "../../wire/platform-websocket.ts";
import type { CliContext } from "../context.ts";

const MAX_BYTES = 16 * 1_048_576;

/** Reads it from a file, or from stdin for `-`. @throws RingfirstError `RF_USAGE` */
export async function readEvent(path: string, context: CliContext): Promise<ExplainQuery> {
  const where = path === "-" ? "stdin" : path;
  const text = path === "-" ? await readStdin(context) : await readEventFile(path);
  return toQuery(parse(text, where), where);
}

/** Genesys frames, platform-websocket frames, CloudEvents and raw events. @throws RingfirstError `RF_USAGE` */
export function toQuery(value: unknown, where: string): ExplainQuery {
  const event = record(Array.isArray(value) && value.length === 1 ? value[0] : value);
  if (event === undefined) throw usage(where, "one JSON object is expected");
  const named = ["topicName", "topic", "type"].find((name) => typeof event[name] === "string");
  if (named === undefined) throw usage(where, 'a member "topicName" or "topic" (text) is expected');
  const member = ["eventBody", "body", "data"].find((name) => event[name] !== undefined);
  const topic = event[named] as string;
  const body = member === undefined ? undefined : event[member];
  const key = [event["key"], event["subject"]].find((one) => typeof one === "string") ?? keyOfWire(topic, member, body);
  return { topic, ...(member === undefined ? {} : { body }), ...(key === undefined ? {} : { key }) };
}

/** The key that the source of such a frame would give it, where no rule gives one. */
function keyOfWire(topic: string, member: string | undefined, body: unknown): string | undefined {
  const members = record(body) ?? {};
  if (topic.startsWith("v2.")) {
    const place = keyPlace(topic);
    if (place.in === "topic") return place.key;
    return place.in === "body" ? textOf(members["id"]) : undefined;
  }
  return member === "data"
    ? KEY_MEMBERS.map((name) => textOf(members[name])).find((key) => key !== undefined)
    : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

async function readStdin({ stdin, output }: CliContext): Promise<string> {
  if (stdin.isTTY === true)
    output.note("reading the event from the keyboard; end it with Ctrl-D, or use --event <file>");
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stdin) {
    const piece = Buffer.from(chunk as Uint8Array);
    bytes += piece.length;
    if (bytes > MAX_BYTES) throw usage("stdin", `more than ${MAX_BYTES} bytes`);
    chunks.push(piece);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function readEventFile(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw usage(path, `can't be read (${(error as NodeJS.ErrnoException).code ?? "?"})`, error);
  }
}

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/u, "")) as unknown;
  } catch (error) {
    throw usage(where, text.trim() === "" ? "empty" : `not JSON: ${(error as Error).message}`, error);
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return value as Readonly<Record<string, unknown>>;
}

function usage(where: string, what: string, cause?: unknown): RingfirstError {
  return new RingfirstError("RF_USAGE", `the event in ${where}: ${what}`, { cause });
}
