/** One critical event in a few words for a person: `Lyon, France rings at Ada Weber`. Total: an unknown body falls back to its topic. */
import type { RingfirstEvent } from "../../core/event.ts";

/** States in which somebody is being called. */
const CALLING = new Set(["alerting", "offered", "dialing", "contacting"]);
const MEDIA: Readonly<Record<string, string>> = {
  calls: "call",
  callbacks: "callback",
  chats: "chat",
  emails: "email",
  messages: "message",
  socialExpressions: "post",
  videos: "video call",
  cobrowsesessions: "shared screen",
};
const CUSTOMER = new Set(["customer", "external"]);

/** What happens in this event. */
export function describeEvent(event: Pick<RingfirstEvent, "topic" | "body">): string {
  try {
    return describeConversation(event.body) ?? event.topic;
  } catch {
    return event.topic;
  }
}

function describeConversation(body: unknown): string | undefined {
  const participants = list(body, "participants");
  const customer = participants.find((one) => CUSTOMER.has(text(one, "purpose") ?? ""));
  const from = (customer === undefined ? undefined : text(customer, "name")) ?? "somebody";
  for (const participant of participants) {
    for (const [member, word] of Object.entries(MEDIA)) {
      const state = list(participant, member)
        .map((entry) => text(entry, "state"))
        .find((found) => found !== undefined && CALLING.has(found));
      if (state !== undefined) return `${word} from ${from} ${state} ${at(participant)}`;
    }
    const state = text(participant, "state");
    if (state !== undefined && CALLING.has(state)) return `${from} ${state} ${at(participant)}`;
  }
  return customer === undefined ? undefined : `${from} is waiting`;
}

function at(participant: unknown): string {
  const name = text(participant, "name");
  const purpose = text(participant, "purpose") ?? "participant";
  return name === undefined ? `at the ${purpose}` : `at ${name}`;
}

function list(value: unknown, member: string): readonly unknown[] {
  const found = read(value, member);
  return Array.isArray(found) ? found : [];
}

function text(value: unknown, member: string): string | undefined {
  const found = read(value, member);
  return typeof found === "string" && found !== "" ? found : undefined;
}

function read(value: unknown, member: string): unknown {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[member] : undefined;
}
