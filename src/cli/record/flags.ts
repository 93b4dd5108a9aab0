/** Options of `ringfirst record`. */

/** Options as they come from the command line. */
export interface RecordFlags {
  readonly config?: string;
  /** A file, or `-` for stdout; absent: one named for the time in the working directory. */
  readonly out?: string;
  readonly force?: true;
  /** Milliseconds. */
  readonly duration?: number;
  readonly maxBytes?: number;
  readonly topics?: readonly string[];
  readonly anonymise?: true;
  readonly keep?: readonly string[];
  readonly shiftTimes?: true;
  readonly json?: true;
}
