/** One event as the variables of an expression. */
import type { BodyLimits, BodyView } from "./body-view.ts";
import { type CelContext, EventFacts } from "./cel.ts";
import type { Classification, ClassifyInput, ClassifyOptions } from "./classification.ts";

/** The variables, each made when an expression reads it. */
export class EventContext implements CelContext {
  readonly #input: ClassifyInput;
  readonly #body: BodyView;
  readonly #classification: Classification | undefined;
  #event: EventFacts | undefined;

  constructor(input: ClassifyInput, body: BodyView, classification?: Classification) {
    this.#input = input;
    this.#body = body;
    this.#classification = classification;
  }

  get topic(): string {
    return this.#input.topic;
  }

  get body(): unknown {
    return this.#body.value;
  }

  get event(): EventFacts {
    const { source, origin, correlationId, receivedAt } = this.#input;
    this.#event ??= new EventFacts(source, origin, correlationId ?? "", receivedAt);
    return this.#event;
  }

  get class(): string {
    return this.#classification?.class ?? "";
  }

  /** "" where the event has none. */
  get key(): string {
    return this.#classification?.key ?? "";
  }
}

/** Limits with defaults filled in. */
export function bodyLimits(options: ClassifyOptions): BodyLimits {
  return { maxDepth: options.maxDepth ?? 64, maxBytes: options.maxBodyBytes ?? 1_048_576 };
}
