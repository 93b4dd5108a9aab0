/** Ports of the demo: the one that was asked for, else the usual one, else, where that is taken, any free one. */
import { isRingfirstError, type RingfirstErrorCode } from "../../errors.ts";

/** Starts something on a port; `taken` is the code of its error when the port can't be had. Only a port that was asked for is insisted on. */
export async function onPort<T>(
  asked: number | undefined,
  usual: number,
  taken: RingfirstErrorCode,
  start: (port: number) => Promise<T>,
): Promise<T> {
  if (asked !== undefined) return start(asked);
  try {
    return await start(usual);
  } catch (error) {
    if (isRingfirstError(error) && error.code === taken) return start(0);
    throw error;
  }
}
