/**
 * Reads request bodies with three bounds: bytes of one body, time for all of it, and bytes of all bodies at once. The last
 * keeps many slow uploads from holding more memory than the server was given (P6).
 */
import type { IncomingMessage } from "node:http";
import type { Clock } from "../ports/clock.ts";

/** Bounds of {@link createBodyReader}. */
export interface BodyLimits {
  readonly maxBodyBytes: number;
  /** Of all bodies that are being read or worked on. */
  readonly maxTotalBodyBytes: number;
  readonly bodyTimeoutMs: number;
}

/** A body, or why there is none. */
export type BodyResult =
  | { readonly kind: "body"; readonly bytes: Uint8Array; /** Gives its bytes back to the total. */ release(): void }
  | { readonly kind: "too-large" | "too-busy" | "timeout" | "aborted" };

/** Reads the body of a request. */
export type BodyReader = (incoming: IncomingMessage) => Promise<BodyResult>;

/** A reader whose bodies share one budget. */
export function createBodyReader(limits: BodyLimits, clock: Clock): BodyReader {
  let held = 0;
  return (incoming) =>
    new Promise((resolve) => {
      const announced = Number(incoming.headers["content-length"] ?? 0);
      if (announced > limits.maxBodyBytes) {
        resolve({ kind: "too-large" });
        return;
      }
      const chunks: Uint8Array[] = [];
      let size = 0;
      let over = false;

      const finish = (result: BodyResult): void => {
        if (over) return;
        over = true;
        timer.cancel();
        incoming.off("data", onData).off("end", onEnd).off("error", onCut).off("close", onCut);
        if (result.kind !== "body") {
          incoming.pause();
          held -= size;
        }
        resolve(result);
      };
      const onData = (chunk: Uint8Array): void => {
        size += chunk.length;
        held += chunk.length;
        if (size > limits.maxBodyBytes) finish({ kind: "too-large" });
        else if (held > limits.maxTotalBodyBytes) finish({ kind: "too-busy" });
        else chunks.push(chunk);
      };
      const onEnd = (): void => {
        let released = false;
        const release = (): void => {
          if (!released) held -= size;
          released = true;
        };
        finish({ kind: "body", bytes: join(chunks, size), release });
      };
      const onCut = (): void => finish({ kind: "aborted" });
      const timer = clock.setTimer(limits.bodyTimeoutMs, () => finish({ kind: "timeout" }));

      if (incoming.destroyed || incoming.readableEnded) {
        if (incoming.readableEnded) onEnd();
        else onCut();
        return;
      }
      incoming.on("data", onData).on("end", onEnd).on("error", onCut).on("close", onCut);
    });
}

function join(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const first = chunks[0];
  if (chunks.length === 1 && first !== undefined) return first;
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
