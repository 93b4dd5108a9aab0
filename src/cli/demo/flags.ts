/** Options of `ringfirst demo`. */

/** Options as they come from the command line. */
export interface DemoFlags {
  readonly duration?: number;
  readonly agents?: number;
  readonly callsPerHour?: number;
  readonly rate?: number;
  readonly seed?: number;
  readonly port?: number;
  readonly emulatorPort?: number;
  readonly json?: true;
}
