/** Options of `ringfirst types`. */
import type { AccountFlags } from "../topics/account.ts";

/** Options as they come from the command line. */
export interface TypesFlags extends AccountFlags {
  /** A saved answer of `availabletopics?expand=schema`; `-` is stdin. */
  readonly from?: string;
  readonly out?: string;
  readonly json?: true;
}
