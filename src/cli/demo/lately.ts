/** What happened lately: the last log lines and critical events, for the live view. A bounded list each, newest last. */
import type { LogDestination } from "../../runtime/log-destination.ts";

/** One line of the service's log. */
export interface Happening {
  readonly at: number;
  readonly level: string;
  readonly text: string;
}

/** One critical event that the handler was given. */
export interface Ring {
  readonly at: number;
  readonly what: string;
  readonly waitedMs: number;
}

/** The last of both. */
export interface Lately {
  readonly happenings: readonly Happening[];
  readonly rings: readonly Ring[];
  ring(ring: Ring): void;
  /** Takes JSON log lines. */
  readonly destination: Pick<LogDestination, "write">;
}

const KEPT = 30;
/** Fields that say more than the message does. */
const TOLD = ["source", "reason", "cause", "code", "topics"];

/** Empty lists. */
export function createLately(): Lately {
  const happenings: Happening[] = [];
  const rings: Ring[] = [];
  return {
    happenings,
    rings,
    ring: (ring) => keep(rings, ring),
    destination: {
      write(line) {
        const happening = toHappening(line);
        if (happening !== undefined) keep(happenings, happening);
      },
    },
  };
}

function keep<Entry>(list: Entry[], entry: Entry): void {
  list.push(entry);
  if (list.length > KEPT) list.shift();
}

function toHappening(line: string): Happening | undefined {
  try {
    const entry = JSON.parse(line) as Readonly<Record<string, unknown>>;
    const message = String(entry["msg"]);
    const told = TOLD.filter((name) => isShort(entry[name]) && !message.includes(String(entry[name])));
    const text = [message, ...told.map((name) => `${name}=${String(entry[name])}`)].join("  ");
    return { at: Date.parse(String(entry["time"])), level: String(entry["level"]), text };
  } catch {
    return undefined;
  }
}

function isShort(value: unknown): boolean {
  return typeof value === "number" || typeof value === "boolean" || (typeof value === "string" && value.length < 200);
}
