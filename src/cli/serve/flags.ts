/** Options of `ringfirst serve`. */

/** Options as they come from the command line. */
export interface ServeFlags {
  readonly config?: string;
  readonly json?: true;
}
