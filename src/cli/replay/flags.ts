/** Options of `ringfirst replay`. */

/** Options as they come from the command line. */
export interface ReplayFlags {
  readonly config?: string;
  readonly speed?: number | "max";
  /** `original`: as it was recorded. */
  readonly at?: "original";
  readonly loop?: true;
  /** Milliseconds since the recording began, or a time. */
  readonly from?: number | Date;
  readonly to?: number | Date;
  /** A file that keeps the work queue; absent: in memory. */
  readonly store?: string;
  readonly dry?: true;
  readonly json?: true;
}
