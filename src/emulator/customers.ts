/** Who contacts the centre, by which medium, and how patient they are. */
import type { Chance } from "./chance.ts";
import type { Conversation, Medium, NewParticipant, Participant, ParticipantState } from "./conversation.ts";
import type { DirectoryUser } from "./directory.ts";

/** How a medium is used. */
export interface MediumHabits {
  readonly share: number;
  /** How long an agent may let it alert. */
  readonly alertingTimeoutMs: number;
  /** How long customers wait on average; `undefined`: as long as it takes. */
  readonly patienceMs: number | undefined;
  readonly talkMs: number;
}

/** Habits by medium; the shares sum up to 1. */
export const MEDIUM_HABITS: Readonly<Record<Medium, MediumHabits>> = {
  call: { share: 0.66, alertingTimeoutMs: 8000, patienceMs: 90_000, talkMs: 180_000 },
  message: { share: 0.14, alertingTimeoutMs: 30_000, patienceMs: 600_000, talkMs: 240_000 },
  callback: { share: 0.08, alertingTimeoutMs: 20_000, patienceMs: undefined, talkMs: 150_000 },
  email: { share: 0.07, alertingTimeoutMs: 60_000, patienceMs: undefined, talkMs: 200_000 },
  chat: { share: 0.05, alertingTimeoutMs: 20_000, patienceMs: 180_000, talkMs: 200_000 },
};

const PLACES = [
  "Grenoble, France",
  "Porto, Portugal",
  "Graz, Austria",
  "Aarhus, Denmark",
  "Cork, Ireland",
  "Turin, Italy",
  "Gdansk, Poland",
];
const NAMES = [
  "Max Example",
  "Erika Example",
  "Kim Sample",
  "Robin Sample",
  "Sam Specimen",
  "Toni Specimen",
  "Jo Placeholder",
];
const SUBJECTS = [
  "Where is my parcel?",
  "Question about my invoice",
  "Change of address",
  "The app shows an error",
  "Cancel my booking",
];
const TIERS = ["bronze", "silver", "gold"];

/** Makes customers and the legs of their conversations, all from the seed. */
export class CustomerFactory {
  readonly #chance: Chance;
  readonly #skillIds: readonly string[];
  readonly #wrapupCodes: readonly string[];

  constructor(chance: Chance) {
    this.#chance = chance;
    this.#skillIds = Array.from({ length: 4 }, () => chance.uuid());
    this.#wrapupCodes = Array.from({ length: 6 }, () => chance.uuid());
  }

  medium(): Medium {
    let left = this.#chance.next();
    for (const [medium, { share }] of Object.entries(MEDIUM_HABITS)) {
      left -= share;
      if (left < 0) return medium as Medium;
    }
    return "call";
  }

  conversation(direction: Conversation["direction"], divisionId: string, medium: Medium): Conversation {
    const chance = this.#chance;
    return {
      id: chance.uuid(),
      medium,
      direction,
      divisionId,
      priority: chance.happens(0.1) ? 10 : chance.below(6),
      skillIds: chance.happens(0.3) ? [chance.pick(this.#skillIds)] : [],
      customer: {
        name: medium === "call" ? chance.pick(PLACES) : chance.pick(NAMES),
        ani: `+3347000${chance.between(1000, 9999)}`,
        dnis: "+33470009999",
        subject: chance.pick(SUBJECTS),
        roomId: `${chance.uuid()}@conference.example.invalid`,
        messageId: chance.uuid(),
      },
      participants: [],
      changedAt: 0,
      divisionsText: undefined,
    };
  }

  customer(conversation: Conversation, state: ParticipantState): NewParticipant {
    const { customer, medium } = conversation;
    const address = medium === "email" ? "customer@example.invalid" : `tel:${customer.ani}`;
    return {
      ...this.leg("customer", customer.name, state),
      ...(medium !== "chat" && medium !== "message" && { address }),
      attributes: { tier: this.#chance.pick(TIERS) },
    };
  }

  agentLeg(conversation: Conversation, user: DirectoryUser, state: ParticipantState, queueId: string): NewParticipant {
    const customer = conversation.participants.find(({ purpose }) => purpose === "customer");
    return {
      ...this.leg("agent", user.name, state, { queueId }),
      userId: user.id,
      address: `sip:${user.email}`,
      ...(customer !== undefined && { peerId: customer.communicationId }),
    };
  }

  leg(
    purpose: Participant["purpose"],
    name: string,
    state: ParticipantState,
    more: { readonly queueId?: string } = {},
  ): NewParticipant {
    return { id: this.#chance.uuid(), communicationId: this.#chance.uuid(), purpose, name, state, ...more };
  }

  wrapupCode(): string {
    return this.#chance.pick(this.#wrapupCodes);
  }
}
