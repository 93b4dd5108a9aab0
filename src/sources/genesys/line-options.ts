/** What one channel line is given: what it has of its own, and what all lines of the client share. */
import type { EvictionWatch } from "../../core/rivals.ts";
import type { SourceContext } from "../../ports/source.ts";
import type { ChannelsApi } from "./channels-api.ts";
import type { Renewals } from "./client.ts";
import type { DecodedFrame, FrameDecoder } from "./decode.ts";
import type { ToldSign } from "./rival-signs.ts";

/** What a `ChannelLine` takes. */
export interface ChannelLineOptions {
  /** For people: `channel 1`. */
  readonly name: string;
  readonly topics: readonly string[];
  /** Epoch milliseconds: since then these topics may have been missed. @defaultValue the time of the start */
  readonly missedSince?: number;
  readonly context: SourceContext;
  readonly channels: ChannelsApi;
  /** Of all lines of the client. */
  readonly renewals: Renewals;
  /** Of all lines of the client. */
  readonly evictions: EvictionWatch;
  /** Send combined topics. */
  readonly combine: boolean;
  readonly decode: FrameDecoder;
  readonly maxFrameBytes: number;
  /** One event, or a frame that does not parse; it was not sent before `sentAfter` (epoch milliseconds). */
  readonly frame: (frame: DecodedFrame, bytes: Uint8Array, isBinary: boolean, sentAfter: number) => void;
  /** Somebody else uses the line's channel, or its client. */
  readonly rival: (sign: ToldSign) => void;
}
