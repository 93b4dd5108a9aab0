/** Options of `ringfirst doctor`. */

/** Options as they come from the command line. */
export interface DoctorFlags {
  readonly config?: string;
  /** Opens a channel and a socket too; without it nothing is opened. */
  readonly connect?: true;
  readonly json?: true;
}
