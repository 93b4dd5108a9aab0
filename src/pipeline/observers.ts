/** Observers of the line: told what happened, never asked, and never able to stop it. */
import type { Logger } from "../ports/logger.ts";

/** Names of events with what each tells. */
type EventMap = Readonly<Record<string, unknown>>;

/** A typed list of listeners. */
export interface Observers<Events extends EventMap> {
  /** Calls `listener` at each such event until the returned function is called. */
  on<Name extends keyof Events & string>(name: Name, listener: (event: Events[Name]) => void): () => void;
  emit<Name extends keyof Events & string>(name: Name, event: Events[Name]): void;
  /** Whether anybody listens; saves making events that nobody wants. */
  wants(name: keyof Events & string): boolean;
}

/** An empty list; a listener that throws is logged and called again next time. */
export function createObservers<Events extends EventMap>(logger: Logger): Observers<Events> {
  const lists = new Map<string, Set<(event: never) => void>>();
  return {
    on(name, listener) {
      const list = lists.get(name) ?? new Set();
      lists.set(name, list);
      list.add(listener);
      return () => {
        list.delete(listener);
      };
    },
    emit(name, event) {
      for (const listener of lists.get(name) ?? []) {
        try {
          (listener as (event: unknown) => void)(event);
        } catch (error) {
          logger.error({ error: String(error) }, `a listener of "${name}" threw; it goes on being called`);
        }
      }
    },
    wants: (name) => (lists.get(name)?.size ?? 0) > 0,
  };
}
