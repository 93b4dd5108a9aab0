/** What a line says in the log: one line for each turn of events, nothing per frame. */
import type { ChannelInput } from "../../core/channel-state.ts";
import type { Logger } from "../../ports/logger.ts";

/** What is known of the line. */
export interface LineFacts {
  /** `channel 1`. */
  readonly name: string;
  readonly failures: number;
  /** A gap is open. */
  readonly isBlind: boolean;
  /** How often it has joined before. */
  readonly joins: number;
}

/** Tells of an input that changed something. */
export function tellInput(logger: Logger, input: ChannelInput, { name, failures, isBlind, joins }: LineFacts): void {
  switch (input.kind) {
    case "joined":
      // After a gap the ledger's line says it.
      if (!isBlind) logger.info({ channel: name }, `${name}: moved, without a gap`);
      else if (joins === 0) logger.info({ channel: name }, `${name}: live`);
      return;
    case "move":
      logger.info({ channel: name }, `${name}: ${input.cause}; moving to a new channel first`);
      return;
    case "no-free-channel": {
      const line = `${name}: all 20 channels of the client are in use; moving on the same channel, with a short gap`;
      logger.warn({ channel: name }, line);
      return;
    }
    case "lost":
    case "doubted":
    case "quiet":
    case "displaced":
      // The gap that begins here is told with this reason.
      logger.debug({ channel: name, failures }, `${name}: ${input.reason}`);
      return;
    case "create-refused":
    case "join-refused":
      logger.error({ channel: name }, `${name}: ${input.reason}; tried again in some minutes`);
      return;
    case "create-failed":
    case "handshake-gone":
    case "handshake-failed":
    case "join-gone":
    case "join-failed":
    case "check-failed":
      logger.warn({ channel: name, failures }, `${name}: no connection yet: ${input.reason}`);
      return;
    case "checked":
      if (input.reason !== undefined) logger.warn({ channel: name, failures }, `${name}: ${input.reason}`);
      return;
    case "start":
    case "created":
    case "opened":
    case "steady":
    case "due":
    case "close":
      return;
  }
}
