/** What the REST reads of people, queues, conversations and statistics are answered from. */
import type { Directory } from "./directory.ts";
import type { Permissions } from "./permissions.ts";
import type { States } from "./rest-states.ts";
import type { EmulatorSwitches } from "./switches.ts";

/** What the reads show. */
export interface DirectoryContext {
  readonly directory: Directory;
  readonly permissions: Permissions;
  /** Permissions that topics need. */
  readonly topicPermissions: readonly string[];
  readonly clientId: string;
  readonly switches: EmulatorSwitches;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** The states to tell of; the same ones for the whole answer. */
  readonly states: () => States;
}
