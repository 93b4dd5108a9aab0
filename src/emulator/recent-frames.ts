/**
 * Frames that went out, for sending them once more.
 *
 * H1. The newest `RECENT` are all known. Of older ones one in ten seconds is, up to `OLD` of them: the memory is bounded, whatever the rate.
 */

import type { FrameBytes } from "./sockets.ts";

/** A frame that went out. */
interface SentFrame {
  readonly topic: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly bytes: FrameBytes;
}

/** What shall be sent once more. */
export interface ReplayWish {
  readonly count: number;
  readonly isTopic: (topic: string) => boolean;
  /** Epoch milliseconds: only frames that went out not later. */
  readonly before: number;
}

const RECENT = 1000;
const OLD = 2000;
const OLD_EVERY_MS = 10_000;

/** The frames. */
export class RecentFrames {
  #ring: SentFrame[] = [];
  #next = 0;
  #old: SentFrame[] = [];

  add(topic: string, at: number, bytes: FrameBytes): void {
    const frame = { topic, at, bytes };
    if (this.#ring.length < RECENT) {
      this.#ring.push(frame);
      return;
    }
    this.#keep(this.#ring[this.#next] as SentFrame);
    this.#ring[this.#next] = frame;
    this.#next = (this.#next + 1) % RECENT;
  }

  /** The newest that fit, oldest first. */
  find({ count, isTopic, before }: ReplayWish): readonly FrameBytes[] {
    const inOrder = [...this.#old, ...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)];
    return inOrder
      .filter(({ topic, at }) => at <= before && isTopic(topic))
      .slice(-count)
      .map(({ bytes }) => bytes);
  }

  clear(): void {
    this.#ring = [];
    this.#next = 0;
    this.#old = [];
  }

  #keep(frame: SentFrame): void {
    const last = this.#old.at(-1);
    if (last !== undefined && frame.at - last.at < OLD_EVERY_MS) return;
    this.#old.push({ ...frame, bytes: Buffer.from(frame.bytes) });
    if (this.#old.length > OLD) this.#old.shift();
  }
}
