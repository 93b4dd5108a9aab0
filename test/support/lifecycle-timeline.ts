/** Stories of conversations played to a {@link Lifecycle}, and what it told, as lines to be read. */
import { Lifecycle, type LifecycleOptions } from "../../src/core/lifecycle.ts";
import type { LifecycleEvent } from "../../src/core/lifecycle-event.ts";
import { Story, type StoryShape } from "./conversation-story.ts";

/** When stories begin. */
export const START: number = Date.UTC(2026, 2, 4, 10, 0, 0);
/** From the provider to us. */
export const LAG_MS = 80;

/** Seconds, what happens, and optionally: the snapshot is lost, or comes late. */
export type Step = readonly [
  atSeconds: number,
  happens: (story: Story) => void,
  fate?: "lost" | { readonly lateBySeconds: number },
];

/** Plays a story; one line for each event that was told, in the order of telling. */
export function play(shape: StoryShape, steps: readonly Step[], options: LifecycleOptions = {}): readonly string[] {
  return listen(shape, steps, options).map(toLine);
}

function listen(shape: StoryShape, steps: readonly Step[], options: LifecycleOptions = {}): readonly LifecycleEvent[] {
  const story = new Story("c1", START);
  const lifecycle = new Lifecycle(options);
  const mail = steps.flatMap(([seconds, happens, fate], n) => {
    story.now = START + seconds * 1000;
    happens(story);
    if (fate === "lost") return [];
    const receivedAt = story.now + LAG_MS + (fate?.lateBySeconds ?? 0) * 1000;
    return [
      {
        medium: shape === "generic" ? ("any" as const) : shape,
        body: story.body(shape),
        receivedAt,
        correlationId: `r${n}`,
      },
    ];
  });
  return mail.sort((a, b) => a.receivedAt - b.receivedAt).flatMap((snapshot) => lifecycle.take(snapshot));
}

/** One event as a line. */
export function toLine(event: LifecycleEvent): string {
  const seconds = (at: number): string => `${Math.round((at - START) / 1000)}s`;
  const said = [`${seconds(event.at)} ${event.type} ${event.participantId}`];
  if (event.deadlineAt !== undefined) said.push(`until ${seconds(event.deadlineAt)}`);
  if (event.missedBecause !== undefined) said.push(`because ${event.missedBecause}`);
  if (event.transferKind !== undefined) said.push(`by ${event.transferKind}`);
  if (event.answered === false) said.push("never connected");
  if (event.consultParticipantId !== undefined) said.push(`about ${event.consultParticipantId}`);
  if (event.wrapupCode !== undefined) said.push(`as ${event.wrapupCode}`);
  if (event.late) said.push(`(late, ${event.legState})`);
  return said.join(" ");
}
