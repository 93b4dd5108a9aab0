/**
 * A fixed piece of work on a store whose disk fails somewhere, and the judge of what came of it:
 *
 * J1  What was answered as admitted is handed over, or a dead letter, or waits.
 * J2  What was answered as settled is never handed over again; nothing is handed over more often than once, plus once for
 *     each retry and for each end of the process.
 * J3  Of one key and sink one is in hand at a time, and they come in the order of their seqs.
 * J4  Trouble ends by itself when the disk works; then all is conserved (Q14), and a clean end leaves a clean file.
 */
import assert from "node:assert/strict";
import type { ClaimedEnvelope, NewEnvelope, Settlement, Store } from "../../src/ports/store.ts";
import { RingfirstError } from "../../src/errors.ts";
import type { DiskRig } from "./disk-rig.ts";

const SINKS = ["crm", "log"];
/** Tries of one verb. */
const MAX_TRIES = 40;
/** Trouble is looked at again within this. */
const PATIENCE_MS = 1_000;
/** What a log says of losses. */
const LOSS = /lost|damaged|missing|unreadable/;

/** What was handed over, and by which sink's work queue. */
interface Hand extends ClaimedEnvelope {
  readonly sink: string;
}

/** One run (see the top of this file). */
export class Scenario {
  readonly #rig: DiskRig;
  #store: Store | undefined;
  /** Seqs that were promised, by sink and id. */
  readonly #promised = new Map<string, NewEnvelope>();
  /** By sink and id: how often it was handed over, and may have been. */
  readonly #handed = new Map<string, number>();
  readonly #allowed = new Map<string, number>();
  /** Acknowledged, and answered so; or not answered because the process ended. */
  readonly #settled = new Set<string>();
  readonly #acknowledged = new Set<string>();
  /** By sink and key: in hand, and the last seq. */
  readonly #inHand = new Map<string, string>();
  readonly #lastSeq = new Map<string, number>();
  lives = 1;

  constructor(rig: DiskRig) {
    this.#rig = rig;
  }

  /** Some fifty groups in two lives, with each verb. */
  async run(): Promise<void> {
    await this.#admit(...["a1", "a2", "a3"].map((id) => event(id, "a")), event("b1", "b"), event("ring", undefined));
    const first = await this.#claim("crm", 3);
    await this.#settle(first, ["ack", "retry", "dead"]);
    await this.#admit(event("b2", "b"), { ...event("s1", "s"), coalesceKey: "presence" });
    await this.#admit({ ...event("s2", "s"), coalesceKey: "presence" }, { ...event("both", "a"), sinks: SINKS });
    await this.#settle(await this.#claim("log", 2), ["ack"]);
    await this.#redrive();
    await this.#settle(await this.#claim("crm", 2), ["ack", "retry"]);
    await this.#close();
    await this.#admit({ ...event("c1", "c"), class: "critical" }, event("a4", "a"));
    await this.#settle(await this.#claim("crm", 4), ["ack", "ack", "dead", "retry"]);
    await this.#do((store) => store.ledger({ limit: 10 }));
    await this.#close();
  }

  /** J1 to J4, on a disk that works again. */
  async judge(): Promise<void> {
    this.#rig.heal();
    await this.#drain();
    const store = await this.#opened();
    assert.equal(store.trouble, undefined, "the trouble is over");
    await this.#conserved(store);
    const dead = new Set((await this.#do((open) => open.deadLetters({}, this.#now()))).map((d) => `${d.sink} ${d.id}`));
    for (const place of this.#promised.keys()) {
      const ended = this.#acknowledged.has(place) || dead.has(place);
      assert.ok(ended || this.#replaced(place), `${place} was promised and is lost (J1)`);
    }
    await this.#close();
    const said = this.#rig.log.lines.length;
    await this.#opened();
    const again = this.#rig.log.lines.slice(said).map(({ level, message }) => `${level} ${message}`);
    assert.ok(!again.some((line) => line.startsWith("error")), `after a clean end: ${again.join("; ")}`);
    const losses = this.#rig.log.lines.filter(({ message }) => LOSS.test(message)).map(({ message }) => message);
    assert.deepEqual(losses, [], "nothing that was promised is lost, and nothing is said to be");
    await this.#close();
  }

  /** Newer state of the same kind replaced it. */
  #replaced(place: string): boolean {
    return place === "crm s1" && this.#promised.has("crm s2");
  }

  async #admit(...batch: readonly NewEnvelope[]): Promise<void> {
    const answers = await this.#do((store) => store.admit(batch, this.#now()));
    for (const [at, { status }] of answers.entries()) {
      const item = batch[at]!;
      assert.ok(["admitted", "coalesced", "duplicate"].includes(status), `${item.id} was answered ${status}`);
      for (const sink of item.sinks) this.#promised.set(`${sink} ${item.id}`, item);
    }
  }

  async #claim(sink: string, max: number): Promise<readonly Hand[]> {
    const claimed = await this.#do((store) => store.claim(sink, { max, leaseMs: 1e9 }, this.#now()));
    const hands = claimed.map((envelope) => ({ ...envelope, sink }));
    for (const hand of hands) this.#judgeHandOver(hand);
    return hands;
  }

  #judgeHandOver({ sink, id, key, seq, redriven, payload }: Hand): void {
    const place = `${sink} ${id}`;
    assert.ok(!this.#settled.has(place), `${place} was settled for good and came again (J2)`);
    const handed = (this.#handed.get(place) ?? 0) + 1;
    this.#handed.set(place, handed);
    const allowed = this.lives + (this.#allowed.get(place) ?? 0);
    assert.ok(handed <= allowed, `${place} came ${handed} times, ${allowed} are allowed (J2)`);
    assert.equal(Buffer.from(payload).toString(), payloadOf(id), `the payload of ${place}`);
    if (key === undefined) return;
    const lane = `${sink} ${key}`;
    assert.equal(this.#inHand.get(lane), undefined, `${lane}: one at a time (J3)`);
    this.#inHand.set(lane, id);
    if (redriven > 0) return;
    assert.ok((this.#lastSeq.get(lane) ?? 0) <= seq, `${place} came after a younger one of its key (J3)`);
    this.#lastSeq.set(lane, seq);
  }

  /** Results in turn; acknowledged where there are fewer results. */
  async #settle(hands: readonly Hand[], results: readonly Settlement["result"][]): Promise<void> {
    if (hands.length === 0) return;
    const { lives } = this;
    const batch = hands.map(({ token }, at) => settlement(token, results[at] ?? "ack"));
    // It holds from the call on, not from the answer: then another one of the lane may be handed over.
    for (const [at, { id, sink, key }] of hands.entries()) {
      this.#inHand.delete(`${sink} ${key}`);
      if (batch[at]!.result === "ack") this.#acknowledged.add(`${sink} ${id}`);
      else this.#allow(`${sink} ${id}`);
    }
    const answers = await this.#do((store) => store.settle(batch, this.#now()));
    for (const [at, answer] of answers.entries()) {
      const place = `${hands[at]!.sink} ${hands[at]!.id}`;
      if (lives === this.lives) assert.equal(answer, "settled", `${place} was in hand`);
      if (answer === "settled" && batch[at]!.result === "ack") this.#settled.add(place);
    }
  }

  #allow(place: string): void {
    this.#allowed.set(place, (this.#allowed.get(place) ?? 0) + 1);
  }

  async #redrive(): Promise<void> {
    const dead = await this.#do((store) => store.deadLetters({ sink: "crm" }, this.#now()));
    for (const { id } of dead) this.#allow(`crm ${id}`);
    await this.#do((store) =>
      store.redrive(
        "crm",
        dead.map(({ seq }) => seq),
        this.#now(),
      ),
    );
  }

  async #drain(): Promise<void> {
    for (const sink of SINKS) {
      for (let round = 0; ; round += 1) {
        assert.ok(round < 50, `sink ${sink} comes to an end`);
        const claimed = await this.#claim(sink, 4);
        if (claimed.length === 0) break;
        await this.#settle(claimed, []);
      }
    }
  }

  async #conserved(store: Store): Promise<void> {
    const stats = await this.#rig.turn(store.stats(this.#now()));
    for (const [name, sink] of Object.entries(stats.sinks)) {
      const { admitted, acked, expired, coalesced, shed, discarded, dead, waiting, inFlight } = sink;
      assert.equal(discarded, 0, `nothing is discarded in sink ${name}`);
      const ends = acked + expired + coalesced + shed + discarded;
      assert.equal(admitted, ends + dead + waiting + inFlight, `Q14 in sink ${name}`);
      assert.equal(waiting + inFlight, 0, `sink ${name} is empty`);
    }
  }

  /** A verb, again while the disk is in trouble, on the next life when this one ends. */
  async #do<T>(verb: (store: Store) => Promise<T>): Promise<T> {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const store = await this.#opened();
      try {
        return await this.#rig.turn(verb(store));
      } catch (error) {
        if (this.#rig.gone) await this.#nextLife(store);
        else if (error instanceof RingfirstError && error.retryable) await this.#rig.clock.advance(PATIENCE_MS);
        else throw error;
      }
    }
    throw new Error("the trouble does not end");
  }

  async #opened(): Promise<Store> {
    for (let tries = 0; this.#store === undefined; tries += 1) {
      try {
        this.#store = await this.#rig.open();
      } catch (error) {
        if (this.#rig.gone) this.#newLife();
        else if (tries > 3 || !(error instanceof RingfirstError)) throw error;
      }
    }
    return this.#store;
  }

  async #close(): Promise<void> {
    const store = await this.#opened();
    try {
      await this.#rig.turn(store.close());
      this.#store = undefined;
      this.#newLife();
    } catch {
      await this.#nextLife(store);
    }
  }

  async #nextLife(store: Store): Promise<void> {
    if (this.#rig.gone) await this.#rig.bury(store);
    this.#store = undefined;
    this.#newLife();
  }

  #newLife(): void {
    this.lives += 1;
    this.#inHand.clear();
    this.#lastSeq.clear();
  }

  #now(): number {
    return this.#rig.clock.now();
  }
}

function event(id: string, key: string | undefined): NewEnvelope {
  return { id, key, class: "standard", sinks: ["crm"], payload: Buffer.from(payloadOf(id)) };
}

/** Long enough for some pages. */
function payloadOf(id: string): string {
  return `${id}:`.repeat(1_500);
}

function settlement(token: number, result: Settlement["result"]): Settlement {
  if (result === "ack") return { token, result };
  if (result === "dead") return { token, result, cause: "never" };
  return { token, result, delayMs: 0, cause: "not now" };
}
