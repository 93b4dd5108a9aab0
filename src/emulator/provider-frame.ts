/** Frames as a test or a person gives them. */
import { asObject } from "./answer.ts";

/** A frame of either wire. Further members of a notification go out as given. */
export type ProviderFrame =
  | {
      readonly topicName: string;
      readonly eventBody: unknown;
      readonly version?: string;
      readonly metadata?: Readonly<Record<string, unknown>>;
    }
  | { readonly topic: string; readonly data: Readonly<Record<string, unknown>> };

/** What is wrong with a frame that shall be sent; nothing when it is one. */
export function complainOfFrame(frame: unknown): string | undefined {
  const object = asObject(frame);
  const isNotification = typeof object?.["topicName"] === "string" && object["eventBody"] !== undefined;
  if (isNotification || (typeof object?.["topic"] === "string" && asObject(object["data"]) !== undefined))
    return undefined;
  return "a frame must be {topicName, eventBody, version?, metadata?} or {topic, data}";
}
