/** Signs of others on our channels and our client, over all lines of a source: counted for the status, and told with what to do. */
import type { SourceContext, SourceStatus } from "../../ports/source.ts";
import { MAX_CHANNELS } from "../../wire/genesys.ts";
import type { ChannelsApi } from "./channels-api.ts";
import type { ToldSign } from "./rival-signs.ts";

/** A sign that comes again is told again after so long; all are counted. */
const TELL_EVERY_MS = 600_000;

const COUNTED: Readonly<Record<ToldSign, keyof NonNullable<SourceStatus["rivals"]>>> = {
  eviction: "evictions",
  takeover: "takeovers",
  displacement: "displacements",
};

/** What is counted. */
export class RivalTally {
  readonly #name: string;
  readonly #ownChannels: () => number;
  readonly #counts = {
    evictions: { count: 0, lastAt: undefined as number | undefined },
    takeovers: { count: 0, lastAt: undefined as number | undefined },
    displacements: { count: 0, lastAt: undefined as number | undefined },
  };
  readonly #toldAt = new Map<ToldSign, number>();

  /** `ownChannels`: how many of the client's channels are this source's. */
  constructor(name: string, ownChannels: () => number) {
    this.#name = name;
    this.#ownChannels = ownChannels;
  }

  /** For the status. */
  get counts(): NonNullable<SourceStatus["rivals"]> {
    const { evictions, takeovers, displacements } = this.#counts;
    return { evictions: { ...evictions }, takeovers: { ...takeovers }, displacements: { ...displacements } };
  }

  /** A line (`channel 1`) has seen a sign. */
  note(sign: ToldSign, line: string, context: SourceContext, channels: ChannelsApi): void {
    const { clock } = context;
    const counted = this.#counts[COUNTED[sign]];
    counted.count += 1;
    counted.lastAt = clock.now();
    const told = this.#toldAt.get(sign);
    if (told !== undefined && clock.monotonic() - told < TELL_EVERY_MS) return;
    this.#toldAt.set(sign, clock.monotonic());
    void this.#tell(sign, line, context, channels);
  }

  async #tell(sign: ToldSign, line: string, { logger }: SourceContext, channels: ChannelsApi): Promise<void> {
    const facts = { channel: line, sign, count: this.#counts[COUNTED[sign]].count };
    const start = `${this.#name}: ${line}:`;
    const own = "give each program and environment an OAuth client of its own";
    if (sign === "takeover") {
      const line = "another socket took the channel, twice within an hour: another program knows its address";
      logger.error(facts, `${start} ${line}; the channel is left to it, for a new one`);
      return;
    }
    if (sign === "displacement") {
      logger.error(facts, `${start} another channel of the same OAuth client took the topics over: ${own}`);
      return;
    }
    const used = await channels.inUse("reconcile");
    const inUse =
      used === undefined ? "" : `; ${used} of ${MAX_CHANNELS} are in use, ${this.#ownChannels()} of them ours`;
    logger.error(
      facts,
      `${start} the platform dropped the channel before its end, as more were made than a client may have${inUse}: ${own}`,
    );
  }
}
