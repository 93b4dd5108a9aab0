/** Options of `ringfirst topics`. */
import type { AccountFlags } from "./account.ts";

/** Options as they come from the command line. */
export interface TopicsFlags extends AccountFlags {
  /** The list that comes with ringfirst, though there is an account. */
  readonly builtIn?: true;
  readonly json?: true;
}
