/**
 * The main thread's end of the line to the disk thread: questions and answers, and how far the groups have come.
 *
 * N1  Waiting for a group never rejects while the disk is in trouble: the group is with the disk thread, which writes it when it
 *     can. It rejects only when the thread itself has ended.
 */
import { RingfirstError } from "../../errors.ts";
import type { Clock, Timer } from "../../ports/clock.ts";
import { toRingfirstError } from "./disk-error.ts";
import type { DiskThread } from "./disk-thread.ts";
import type { Answers, FromDisk, Group, Question, ToDisk, Trouble } from "./messages.ts";

/** While there is trouble, the disk thread looks again after so many milliseconds. */
const TEND_MS = 250;

interface Asked {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: unknown) => void;
}

interface Waiter {
  readonly n: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** What a link tells. */
export interface LinkListener {
  /** A group was written: the next may be sent. */
  readonly written: (n: number) => void;
  readonly trouble: (trouble: Trouble | undefined) => void;
}

/** The line to one disk thread (see the top of this file). */
export class Link {
  readonly #thread: DiskThread;
  readonly #clock: Clock;
  readonly #listener: LinkListener;
  readonly #asked = new Map<number, Asked>();
  readonly #writtenWaiters: Waiter[] = [];
  readonly #durableWaiters: Waiter[] = [];
  #lastQuestion = 0;
  #sent: number;
  #written: number;
  #durable: number;
  #trouble: Trouble | undefined;
  #tendTimer: Timer | undefined;
  #ended: RingfirstError | undefined;

  constructor(thread: DiskThread, clock: Clock, listener: LinkListener) {
    this.#thread = thread;
    this.#clock = clock;
    this.#listener = listener;
    this.#sent = 0;
    this.#written = 0;
    this.#durable = 0;
    thread.listen(
      (message) => this.#onMessage(message),
      (cause) => this.#onEnd(cause),
    );
  }

  /** Groups sent and not written yet. */
  get outstanding(): number {
    return this.#sent - this.#written;
  }

  get lastSent(): number {
    return this.#sent;
  }

  get trouble(): Trouble | undefined {
    return this.#trouble;
  }

  /** The thread is gone: nothing can be written any more. */
  get ended(): RingfirstError | undefined {
    return this.#ended;
  }

  /** Groups are numbered on from here. */
  startAt(lastGroup: number): void {
    this.#sent = lastGroup;
    this.#written = lastGroup;
    this.#durable = lastGroup;
  }

  ask<K extends Question["ask"]>(question: Question & { readonly ask: K }): Promise<Answers[K]> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    this.#lastQuestion += 1;
    const id = this.#lastQuestion;
    return new Promise<Answers[K]>((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      this.#post({ kind: "question", id, question });
    });
  }

  send(group: Group): void {
    this.#sent = group.n;
    const buffers = group.blocks.flatMap(({ facts, contents }) => [facts.buffer, contents.buffer]);
    this.#post({ kind: "group", group }, buffers as ArrayBuffer[]);
  }

  /** When group `n` survives the end of the process. */
  written(n: number): Promise<void> {
    return this.#wait(this.#writtenWaiters, n, this.#written);
  }

  /** When group `n` survives what the store promises. */
  durable(n: number): Promise<void> {
    return this.#wait(this.#durableWaiters, n, this.#durable);
  }

  /** Ends the thread; what it has not written is not written any more. */
  async end(): Promise<void> {
    this.#end(new RingfirstError("RF_QUEUE_CLOSED", "the work queue is closed"));
    await this.#thread.terminate();
  }

  #post(message: ToDisk, transfer: ArrayBuffer[] = []): void {
    this.#thread.post(message, transfer);
  }

  #wait(waiters: Waiter[], n: number, reached: number): Promise<void> {
    if (n <= reached) return Promise.resolve();
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => waiters.push({ n, resolve, reject }));
  }

  #onMessage(message: FromDisk): void {
    switch (message.kind) {
      case "answer":
        this.#take(message.id)?.resolve(message.answer as never);
        return;
      case "refusal":
        this.#take(message.id)?.reject(toRingfirstError(message.error));
        return;
      case "written":
        this.#written = message.n;
        release(this.#writtenWaiters, message.n);
        this.#listener.written(message.n);
        return;
      case "durable":
        this.#durable = message.n;
        release(this.#durableWaiters, message.n);
        return;
      case "trouble":
        this.#onTrouble(message.trouble);
        return;
    }
  }

  #take(id: number): Asked | undefined {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    return asked;
  }

  #onTrouble(trouble: Trouble | undefined): void {
    this.#trouble = trouble;
    this.#tendTimer?.cancel();
    if (trouble !== undefined) this.#tendLater();
    this.#listener.trouble(trouble);
  }

  #tendLater(): void {
    this.#tendTimer = this.#clock.setTimer(
      TEND_MS,
      () => {
        this.#post({ kind: "tend" });
        if (this.#trouble !== undefined) this.#tendLater();
      },
      { keepAlive: true },
    );
  }

  #onEnd(cause: string): void {
    if (this.#ended !== undefined) return;
    const error = new RingfirstError(
      "RF_STORE_FAILING",
      `the store's disk thread is gone (${cause}): start the service anew`,
    );
    this.#trouble = { kind: "failing", cause: error.message };
    this.#end(error);
    this.#listener.trouble(this.#trouble);
  }

  /** Whoever waits for something waits no longer. */
  #end(error: RingfirstError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#tendTimer?.cancel();
    for (const asked of this.#asked.values()) asked.reject(error);
    this.#asked.clear();
    for (const waiter of [...this.#writtenWaiters.splice(0), ...this.#durableWaiters.splice(0)]) waiter.reject(error);
  }
}

/** Waiters stand in the order of their groups. */
function release(waiters: Waiter[], n: number): void {
  let count = 0;
  while (count < waiters.length && (waiters[count]?.n ?? Infinity) <= n) count += 1;
  for (const { resolve } of waiters.splice(0, count)) resolve();
}
