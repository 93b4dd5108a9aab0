/** What becomes of a frame: decoded at the edge and given to intake; one that does not parse is counted, told and kept raw. */
import type { SourceContext } from "../../ports/source.ts";
import { createFrameDecoder } from "./decode.ts";
import type { Scrub } from "./wording.ts";
import { sampleOf } from "./wording.ts";

/** Takes one frame; false: intake is behind. */
export type FrameIntake = (bytes: Uint8Array, isBinary: boolean) => boolean;

/** So often at most a malformed frame is shown in the log; all are counted. */
const SHOW_EVERY_MS = 10_000;

/** An intake for frames of one source. */
export function createFrameIntake(context: SourceContext, maxDepth: number, scrub: Scrub): FrameIntake {
  const { clock, logger } = context;
  const decode = createFrameDecoder(maxDepth);
  let shownAt = -Infinity;
  let untold = 0;

  const tell = (reason: string, bytes: Uint8Array): void => {
    context.malformed(reason);
    untold += 1;
    if (clock.monotonic() - shownAt < SHOW_EVERY_MS) return;
    logger.warn(
      { reason, count: untold, byteLength: bytes.length, sample: sampleOf(bytes, scrub) },
      "a frame did not parse; it is kept raw and goes on as an event without a topic",
    );
    shownAt = clock.monotonic();
    untold = 0;
  };

  return (bytes, isBinary) => {
    const frame = decode(bytes);
    if (frame.malformed !== undefined) tell(frame.malformed, bytes);
    return context.receive({
      topic: frame.topic,
      body: frame.body,
      // A binary frame that is no JSON is no text either, whatever its bytes look like.
      encoding: isBinary && frame.encoding === "text" ? "binary" : frame.encoding,
      origin: "live",
      receivedAt: clock.now(),
      key: frame.key,
    });
  };
}
