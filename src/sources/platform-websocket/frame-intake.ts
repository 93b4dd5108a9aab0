/** What becomes of a frame: decoded at the edge and given to intake; one that does not parse is counted, told and kept raw. */
import { frameSample } from "../../core/frame-sample.ts";
import type { SourceContext } from "../../ports/source.ts";
import { createFrameDecoder } from "./decode.ts";
import type { Scrub } from "./wording.ts";

/** Takes one frame; false: intake is behind. */
export type FrameIntake = (bytes: Uint8Array, isBinary: boolean) => boolean;

/** An intake for frames of one source. */
export function createFrameIntake(context: SourceContext, maxDepth: number, scrub: Scrub): FrameIntake {
  const { clock } = context;
  const decode = createFrameDecoder(maxDepth);
  return (bytes, isBinary) => {
    const frame = decode(bytes);
    if (frame.malformed !== undefined) context.malformed(frame.malformed, frameSample(bytes, scrub));
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
