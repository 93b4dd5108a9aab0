/**
 * The built-in rules of both wires, as data. The same in configuration syntax: `docs/default-rules.yaml` (tested equal).
 *
 * What they mean:
 * - *ringing*: some participant is `alerting`, `offering`, `dialing` or `contacting`. In the generic topics the state stands
 *   on the communications (`calls[]`, `callbacks[]`, …), in the topics per medium on the participant itself.
 * - *waiting*: an `acd` participant is connected and no `agent` or `user` is: somebody waits in a queue and nobody speaks
 *   with them. So it is again after an offer that was not answered, and it is not while an agent consults another queue.
 *   Asked of queue topics only: a user's topic tells of conversations that this user has or had.
 * - *callback due*: a callback is `scheduled` and its time has come by the event's arrival (one that is offered already
 *   rings, and is matched by the first rule).
 */
import type { Rule } from "./rule.ts";

/** Arrays of communications on a participant of the generic topics (PROTOCOL 10.1). */
const MEDIA: readonly string[] = [
  "calls",
  "callbacks",
  "chats",
  "emails",
  "messages",
  "internalMessages",
  "videos",
  "socialExpressions",
  "cobrowsesessions",
  "screenshares",
];

const CONVERSATIONS_OF_QUEUES: readonly string[] = [
  "v2.routing.queues.*.conversations",
  "v2.routing.queues.*.conversations.*",
];
const CONVERSATIONS: readonly string[] = [
  ...CONVERSATIONS_OF_QUEUES,
  "v2.users.*.conversations",
  "v2.users.*.conversations.*",
];

const RINGING_STATES = '["alerting", "offering", "dialing", "contacting"]';

/** `p` itself, or one of its communications, is in one of these states. */
function inState(condition: string): string {
  const lines = [`has(p.state) && p.state ${condition}`];
  for (const media of MEDIA)
    lines.push(`has(p.${media}) && p.${media}.exists(c, has(c.state) && c.state ${condition})`);
  return lines.join("\n  || ");
}

/** Tried in this order; everything that none of the others matches is standard, so nothing after them is reached. */
export const DEFAULT_RULES: readonly Rule[] = [
  {
    name: "ringing",
    topics: CONVERSATIONS,
    when: `body.participants.exists(p,\n  ${inState(`in ${RINGING_STATES}`)})`,
    class: "critical",
  },
  {
    name: "waiting in a queue",
    topics: CONVERSATIONS_OF_QUEUES,
    when: [
      `body.participants.exists(p, has(p.purpose) && p.purpose == "acd" && (\n  ${inState('== "connected"')}))`,
      `&& !body.participants.exists(p, has(p.purpose) && p.purpose in ["agent", "user"] && (\n  ${inState('== "connected"')}))`,
    ].join("\n"),
    class: "critical",
  },
  {
    name: "callback due",
    topics: CONVERSATIONS,
    when: [
      "body.participants.exists(p,",
      '  has(p.state) && p.state == "scheduled" && has(p.callbackScheduledTime)',
      "    && timestamp(p.callbackScheduledTime) <= event.receivedAt",
      "  || has(p.callbacks) && p.callbacks.exists(c,",
      '    has(c.state) && c.state == "scheduled" && has(c.callbackScheduledTime)',
      "    && timestamp(c.callbackScheduledTime) <= event.receivedAt))",
    ].join("\n"),
    class: "critical",
  },
  {
    name: "state of an agent",
    topics: [
      "v2.users.*.presence",
      "v2.users.*.routingStatus",
      "v2.users.*.activity",
      "v2.users.*.station",
      "v2.users.*.outofoffice",
    ],
    class: "high",
  },
  {
    name: "ringing (platform-websocket)",
    topics: ["conversation:activity"],
    when: 'has(body.state) && body.state in ["ringing", "alert"]',
    class: "critical",
  },
  {
    name: "state of an agent (platform-websocket)",
    topics: ["routing:agent:status", "presence:status"],
    class: "high",
  },
  {
    name: "ringing (derived)",
    topics: ["ringfirst.conversation.ringing"],
    when: 'body.legState == "ringing"',
    class: "critical",
  },
  { name: "everything else", class: "standard" },
];
