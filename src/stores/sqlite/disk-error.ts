/** Errors of the disk thread on their way to whoever called a verb: messages can't carry an Error's code. */
import { RingfirstError } from "../../errors.ts";
import type { DiskError } from "./messages.ts";

/** Carries a {@link DiskError} through the disk thread. */
export class Refusal extends Error {
  readonly diskError: DiskError;

  constructor(diskError: DiskError) {
    super(diskError.message);
    this.diskError = diskError;
  }
}

/** What is sent of an error. */
export function toDiskError(error: unknown): DiskError {
  if (error instanceof Refusal) return error.diskError;
  return { code: "RF_STORE_FAILING", message: error instanceof Error ? error.message : String(error) };
}

/** The error as the caller gets it. */
export function toRingfirstError({ code, message }: DiskError): RingfirstError {
  return new RingfirstError(code, message, { retryable: code === "RF_STORE_FAILING" || code === "RF_STORE_LOCKED" });
}
