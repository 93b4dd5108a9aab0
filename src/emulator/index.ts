/**
 * The emulator: a contact centre on one local port that speaks as Genesys Cloud does, for people without an account and for tests.
 *
 * Nothing happens at import; each emulator stands by itself, so many may live in one process.
 */
import { RingfirstError } from "../errors.ts";
import type { Directory } from "./directory.ts";
import { EmulatorCore } from "./emulator.ts";
import type { ProviderFrame } from "./provider-frame.ts";
import type { FaultRequest } from "./fault-check.ts";
import type { ActiveFault } from "./faults.ts";
import type { LedgerPage } from "./ledger.ts";
import type { EmulatorOptions } from "./options.ts";
import type { ScenarioState } from "./scenario.ts";
import type { Scenario } from "./scenario-read.ts";
import type { StaffOutcome } from "./staff.ts";
import type { StaffChange } from "./staff-change.ts";
import type { UserLogin } from "./user-login.ts";
import { resolveEmulatorOptions } from "./options.ts";

export type { DirectoryQueue, DirectoryUser, Division } from "./directory.ts";
export type { ProviderFrame } from "./provider-frame.ts";
export type { FaultRequest } from "./fault-check.ts";
export type { FaultName } from "./fault-list.ts";
export type { ActiveFault } from "./faults.ts";
export type { LedgerEvent, LedgerPage } from "./ledger.ts";
export type { EmulatorLimits, EmulatorOptions, EmulatorTls } from "./options.ts";
export type { ScenarioLine, ScenarioState } from "./scenario.ts";
export type { Scenario, ScenarioDuration, ScenarioStep } from "./scenario-read.ts";
export type { StaffOutcome } from "./staff.ts";
export type { StaffChange, StaffChoice } from "./staff-change.ts";
export type { EmulatorSwitches } from "./switches.ts";
export type { UserLogin } from "./user-login.ts";
export type { Directory } from "./directory.ts";

/** Faults of an emulator, on command. */
export interface EmulatorFaults {
  /** Starts a fault, as `POST /_emulator/faults` does. */
  inject(request: FaultRequest): ActiveFault;
  /** What waits or acts. */
  active(): readonly ActiveFault[];
  /** Ends all faults. */
  clear(): void;
}

/** Scenarios of an emulator: faults and frames by a timetable. */
export interface EmulatorScenarios {
  /** Plays a scenario in the place of another, as `POST /_emulator/scenario` does. */
  play(scenario: Scenario): ScenarioState;
  /** What is played, how far it is, and what was done. */
  state(): ScenarioState | undefined;
  /** Ends it; faults that act go on. */
  stop(): void;
}

/** A contact centre that can be connected to. */
export interface Emulator extends AsyncDisposable {
  /** Where it is: `http://127.0.0.1:7480`. Login, API, streaming and control share it. Throws `RF_EMULATOR_LISTEN` before {@link listen}. */
  readonly url: string;
  readonly port: number;
  /** The credentials that it accepts. */
  readonly clientId: string;
  readonly clientSecret: string;
  /** Who works here: ids of users and queues for topics. */
  readonly directory: Directory;
  readonly faults: EmulatorFaults;
  readonly scenarios: EmulatorScenarios;
  /** Opens the port and lets the traffic begin. */
  listen(): Promise<void>;
  /** Sends frames of either wire to whoever listens; gives the ledger's number of each. */
  emit(frames: ProviderFrame | readonly ProviderFrame[]): readonly number[];
  /**
   * Lets people and queues come and go, as `POST /_emulator/staff` does.
   *
   * @throws RingfirstError `RF_OPTION_INVALID` when it names somebody who isn't there; nothing is changed then.
   */
  changeStaff(change: StaffChange): StaffOutcome;
  /**
   * A token with a user behind it (by id or e-mail address; the first of the directory when not given), as `POST /_emulator/login` makes it:
   * the `authToken` of the streaming client.
   *
   * @throws RingfirstError `RF_OPTION_INVALID` when there is no such user.
   */
  login(user?: string): UserLogin;
  /** What was produced, a page of up to `limit` events after number `after`. */
  ledger(page?: { readonly after?: number; readonly limit?: number }): LedgerPage;
  /** Lets the traffic begin or go on. */
  startTraffic(): void;
  /** Holds the traffic; what was sent was sent. */
  stopTraffic(): void;
  /** Back to the start: no tokens, channels, sockets, faults; an empty ledger; the traffic anew. */
  reset(): void;
  /** Closes the sockets with 1001 and frees the port; idempotent. */
  close(): Promise<void>;
}

/**
 * Makes an emulator; it must be closed.
 *
 * @throws RingfirstError `RF_OPTION_INVALID`
 *
 * @example
 * ```ts
 * import { createEmulator } from "ringfirst/emulator";
 *
 * await using emulator = createEmulator({ callsPerHour: 0 });
 * await emulator.listen();
 * const userId = emulator.directory.users[0]?.id;
 * emulator.emit({ topicName: `v2.users.${userId}.presence`, eventBody: { primary: true } });
 * ```
 */
export function createEmulator(options: EmulatorOptions = {}): Emulator {
  const core = new EmulatorCore(resolveEmulatorOptions(options));
  const port = (): number => {
    if (core.port !== undefined) return core.port;
    throw new RingfirstError("RF_EMULATOR_LISTEN", "The emulator has no port: it isn't listening");
  };
  const close = (): Promise<void> => core.close();
  return {
    get url() {
      const { host, tls } = core.options;
      return `${tls === undefined ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${port()}`;
    },
    get port() {
      return port();
    },
    clientId: core.options.clientId,
    clientSecret: core.options.clientSecret,
    directory: core.directory,
    faults: core.faults,
    scenarios: {
      play: (scenario) => core.scenarios.set(scenario),
      state: () => core.scenarios.state(),
      stop: () => core.scenarios.stop(),
    },
    listen: () => core.listen(),
    emit: (frames) => core.emit(frames),
    changeStaff: (change) => core.staff.change(change),
    login: (user) => core.login(user),
    ledger: ({ after, limit } = {}) => core.ledger.page(after, limit),
    startTraffic: () => core.traffic.start(),
    stopTraffic: () => core.traffic.stop(),
    reset: () => core.reset(),
    close,
    [Symbol.asyncDispose]: close,
  };
}
