/** Options of `ringfirst explain`. */
import type { AddressFlags } from "../service-address.ts";

/** Options as they come from the command line. */
export interface ExplainFlags extends AddressFlags {
  readonly event: string;
  readonly config?: string;
  readonly source?: string;
  readonly json?: true;
}
