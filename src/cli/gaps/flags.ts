/** Options of `ringfirst gaps`. */
import type { GapState } from "../../core/gap.ts";
import type { AddressFlags } from "../service-address.ts";

/** Options as they come from the command line. */
export interface GapsFlags extends AddressFlags {
  readonly source?: string;
  readonly topic?: string;
  readonly state?: GapState;
  /** Milliseconds. */
  readonly since?: number;
  readonly limit: number;
  readonly topics?: true;
  readonly config?: string;
  readonly json?: true;
}
