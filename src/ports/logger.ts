/** Where the service says in one line what happened. Nothing is logged per event above `debug`. */

/** Facts that go with a line; redacted by name on output, but put no secret in at all. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Four levels, fields first, as `pino` has it. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** A logger that adds `fields` to each line. */
  child(fields: LogFields): Logger;
}

/** A logger that says nothing; the default of the library. */
export const SILENT_LOGGER: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => SILENT_LOGGER,
};
