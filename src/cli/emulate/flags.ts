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
  readonly timeScale?: number;
  /** Paths of PEM files. */
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  /** Path of a scenario, `-` for stdin. */
  readonly scenario?: string;
  /** `name=value`, as given. */
  readonly switch?: readonly string[];
  readonly limit?: readonly string[];
  readonly duration?: number;
  readonly json?: true;
}
