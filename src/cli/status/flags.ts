/** Options of `ringfirst status`. */
import type { AddressFlags } from "../service-address.ts";

/** Options as they come from the command line. */
export interface StatusFlags extends AddressFlags {
  readonly config?: string;
  readonly json?: true;
}
