/**
 * The one error class of ringfirst and the list of its codes.
 *
 * Codes are append-only and never reused; each has a section of its own in `docs/errors.md` (tested).
 */

/** Every error code with one sentence on what it means. */
export const ERROR_CODES = {
  RF_OPTION_INVALID: "An option given in code is missing, of the wrong type or outside its bounds.",
  RF_CONFIG_INVALID: "The configuration file or the environment holds a value that can't be right.",
  RF_CONFIG_UNREADABLE: "The configuration file can't be read.",
  RF_RULE_INVALID: "A classification rule can't be compiled.",
  RF_QUEUE_ARGUMENT: "A verb of the work queue was called with an unknown sink or class, or a number out of bounds.",
  RF_QUEUE_CLOSED: "The work queue is closed.",
  RF_STORE_LOCKED: "Another process has the store's file.",
  RF_STORE_UNUSABLE: "The store's file can't be opened, or is not one of ringfirst.",
  RF_STORE_NEWER: "The store's file was written by a newer version of ringfirst.",
  RF_STORE_FULL: "The store's disk is full: nothing new is taken until there is room.",
  RF_STORE_FAILING: "The store's disk fails: nothing new is taken until it works again.",
  RF_SERVICE_CLOSED: "The service is closed or closing.",
  RF_BODY_MALFORMED: "The body of an event is not the JSON that it claims to be.",
  RF_RECORD_MALFORMED: "Stored payload bytes are not an event record of a known version.",
  RF_REGION_UNKNOWN: "The region is not one of Genesys Cloud.",
  RF_OPTIONAL_MISSING: "An optional package that this feature needs is not installed.",
  RF_SERVER_LISTEN: "The HTTP server can't listen on the address and port that it was given.",
  RF_USAGE: "The command line of the program holds something that can't be right.",
  RF_NO_SERVICE: "A command that talks to a running service found none, or got no answer from it.",
  RF_RECORDING_UNUSABLE: "The file is no recording, can't be read, or was written by a newer version of ringfirst.",
  RF_EMULATOR_LISTEN: "The emulator can't listen on its address, or isn't listening yet.",
  RF_PLATFORM: "A command asked Genesys Cloud something and was refused, or got no answer.",
} as const;

/** A code of {@link RingfirstError}. */
export type RingfirstErrorCode = keyof typeof ERROR_CODES;

/** What an error may carry besides its message. */
export interface RingfirstErrorOptions {
  /** The error that led to this one. */
  readonly cause?: unknown;
  /** Facts for programs; never a secret. @defaultValue `{}` */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Whether the same call may succeed later without a change. @defaultValue `false` */
  readonly retryable?: boolean;
}

const BRAND = Symbol.for("ringfirst.error");

/**
 * Every error that ringfirst throws on purpose.
 *
 * @example
 * ```ts
 * import { isRingfirstError } from "ringfirst";
 *
 * function report(error: unknown): string {
 *   return isRingfirstError(error) ? `${error.code}: ${error.message}` : String(error);
 * }
 * ```
 */
export class RingfirstError extends Error {
  override readonly name = "RingfirstError";
  readonly code: RingfirstErrorCode;
  readonly details: Readonly<Record<string, unknown>>;
  readonly retryable: boolean;

  constructor(code: RingfirstErrorCode, message: string, options: RingfirstErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
    this.retryable = options.retryable ?? false;
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/** Whether a value is a {@link RingfirstError}, of this or of another copy of the package. */
export function isRingfirstError(value: unknown): value is RingfirstError {
  return typeof value === "object" && value !== null && BRAND in value;
}
