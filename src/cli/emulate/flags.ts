/** Options of `ringfirst emulate`. */

/** Options as they come from the command line. */
export interface EmulateFlags {
  readonly port: number;
  readonly host: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly agents?: number;
  readonly queues?: number;
  readonly callsPerHour?: number;
  readonly rate?: number;
  readonly seed?: number;
  readonly duration?: number;
  readonly json?: true;
}
