/** Frames that a test or a person wants to see on the wire: checked, then sent as they are. */
import { RingfirstError } from "../errors.ts";
import { asObject } from "./answer.ts";
import type { Broadcast, WrittenFrame } from "./broadcast.ts";
import { bodyHash } from "./ledger.ts";
import { platformFrame } from "./platform-websocket.ts";
import { complainOfFrame } from "./provider-frame.ts";
import type { Said } from "./said.ts";

/**
 * Sends frames to whoever listens; gives the ledger's number of each.
 *
 * @throws RingfirstError `RF_OPTION_INVALID` when one is no frame; nothing is sent then.
 */
export function emitFrames(broadcast: Broadcast, said: Said, frames: unknown, uuid: () => string): number[] {
  const list: readonly unknown[] = Array.isArray(frames) ? frames : [frames];
  const sends = list.map((frame, at) => prepare({ broadcast, said }, frame, at, uuid));
  const numbers: number[] = [];
  broadcast.together(() => {
    for (const send of sends) numbers.push(send());
  });
  return numbers;
}

function prepare(
  { broadcast, said }: { readonly broadcast: Broadcast; readonly said: Said },
  frame: unknown,
  at: number,
  uuid: () => string,
): () => number {
  const complaint = complainOfFrame(frame);
  if (complaint !== undefined) throw new RingfirstError("RF_OPTION_INVALID", `frame ${at}: ${complaint}`);
  const object = asObject(frame) ?? {};
  if (typeof object["topicName"] === "string" && object["eventBody"] !== undefined) {
    const written = toNotification(object, object["topicName"], uuid);
    return () => {
      said.hear(written.topic, object["eventBody"]);
      return broadcast.notifyFrame(written).n;
    };
  }
  const written = platformFrame(String(object["topic"]), asObject(object["data"]) ?? {});
  return () => broadcast.platformFrame(written).n;
}

function toNotification(object: Readonly<Record<string, unknown>>, topic: string, uuid: () => string): WrittenFrame {
  const { topicName, version = "2", eventBody, metadata = { CorrelationId: uuid() }, ...rest } = object;
  const bodyText = JSON.stringify(eventBody);
  // The body is written apart so that the ledger's hash is of the very text in the frame.
  const head = `{"topicName":${JSON.stringify(topicName)},"version":${JSON.stringify(version)},"eventBody":`;
  const tail = `,${JSON.stringify({ metadata, ...rest }).slice(1)}`;
  return { topic, key: keyOf(topic, eventBody), hash: bodyHash(bodyText), head, bodyText, tail };
}

/** What an injected event is about: its conversation, else the id in its topic. */
function keyOf(topic: string, body: unknown): string {
  const object = asObject(body);
  const conversationId = object?.["conversationId"] ?? (topic.includes(".conversations") ? object?.["id"] : undefined);
  if (typeof conversationId === "string") return conversationId;
  return /^v2\.(?:users|routing\.queues|conversations|analytics\.queues)\.([^.]+)/.exec(topic)?.[1] ?? "";
}
