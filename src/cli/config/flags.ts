/** Options of `ringfirst config`. */

/** Options as they come from the command line. */
export interface ConfigFlags {
  readonly config?: string;
  readonly json?: true;
}
