/** What the cases of the conformance suite are written with: an open store, its time, and short words for the verbs. */
import assert from "node:assert/strict";
import type {
  AdmitResult,
  ClaimedEnvelope,
  ClaimOptions,
  NewEnvelope,
  Settlement,
  SinkStats,
  Store,
  StoreConfig,
  StoreDriver,
} from "../ports/store.ts";

/** One case: a sentence that starts with its rule, and what shows it. */
export interface ConformanceCase {
  readonly name: string;
  /** Configuration that differs from {@link BASE_CONFIG}. */
  readonly config?: Partial<StoreConfig>;
  /** Needs a store that keeps its content over a restart. */
  readonly durable?: boolean;
  readonly run: (kit: Kit) => Promise<void>;
}

/** How a case ends the life of a store: as `kill -9` does, or in peace. */
export type Ending = "crash" | "close";

/** Three classes, two sinks, no shares, wide bounds, three attempts. */
export const BASE_CONFIG: StoreConfig = {
  classes: [
    { name: "critical", neverShed: true, minShare: 0 },
    { name: "high", neverShed: false, minShare: 0 },
    { name: "standard", neverShed: false, minShare: 0 },
  ],
  sinks: [
    { name: "crm", maxAttempts: 3, limits: { maxEvents: 1_000, maxBytes: 1_000_000 } },
    { name: "log", maxAttempts: 3, limits: { maxEvents: 1_000, maxBytes: 1_000_000 } },
  ],
  dedup: { windowMs: 60_000, maxCount: 1_000 },
  deadLetters: { maxCount: 100 },
  ledger: { maxLines: 1_000 },
};

/** The base configuration with other limits of sink `crm`. */
export function limited(maxEvents: number, maxBytes = 1_000_000): Partial<StoreConfig> {
  const [crm, log] = BASE_CONFIG.sinks;
  assert.ok(crm !== undefined && log !== undefined);
  return { sinks: [{ ...crm, limits: { maxEvents, maxBytes } }, log] };
}

/** An envelope in short: what is left out is standard, without key, of one byte, for sink `crm`. */
export type Draft = Partial<NewEnvelope> & { readonly id: string };

/** An open store under test. */
export class Kit {
  now = 1_700_000_000_000;
  readonly #driver: StoreDriver;
  #config: StoreConfig;
  readonly #crash: ((store: Store) => Promise<void>) | undefined;
  #store: Store;

  private constructor(
    driver: StoreDriver,
    config: StoreConfig,
    crash: ((store: Store) => Promise<void>) | undefined,
    store: Store,
  ) {
    this.#driver = driver;
    this.#config = config;
    this.#crash = crash;
    this.#store = store;
  }

  static async open(
    driver: StoreDriver,
    config: StoreConfig,
    crash: ((store: Store) => Promise<void>) | undefined,
  ): Promise<Kit> {
    return new Kit(driver, config, crash, await driver.open(config, 1_700_000_000_000));
  }

  get store(): Store {
    return this.#store;
  }

  /** Ends the store and opens it again on what it left, `downMs` later and perhaps otherwise configured. */
  async restart(how: Ending, change: Partial<StoreConfig> & { readonly downMs?: number } = {}): Promise<void> {
    const { downMs = 0, ...config } = change;
    if (how === "close") await this.#store.close();
    else await this.#crash?.(this.#store);
    this.now += downMs;
    this.#config = { ...this.#config, ...config };
    this.#store = await this.#driver.open(this.#config, this.now);
  }

  /** Admits drafts as one batch. */
  async admit(...drafts: readonly Draft[]): Promise<readonly AdmitResult[]> {
    const batch = drafts.map((draft) => ({
      class: "standard",
      payload: new Uint8Array(1),
      sinks: ["crm"],
      ...draft,
    }));
    return await this.#store.admit(batch, this.now);
  }

  /** Admits drafts that must all be taken; answers their seqs. */
  async admitted(...drafts: readonly Draft[]): Promise<number[]> {
    return (await this.admit(...drafts)).map((answer, index) => {
      assert.ok("seq" in answer, `${drafts[index]?.id} was answered ${answer.status}`);
      return answer.seq;
    });
  }

  /** Claims from sink `crm`; leases of a second. */
  async claim(max = 1, options: Partial<ClaimOptions> & { readonly sink?: string } = {}): Promise<ClaimedEnvelope[]> {
    const { sink = "crm", ...rest } = options;
    return [...(await this.#store.claim(sink, { max, leaseMs: 1_000, ...rest }, this.now))];
  }

  /** Claims exactly one. */
  async one(options: Partial<ClaimOptions> & { readonly sink?: string } = {}): Promise<ClaimedEnvelope> {
    const [claimed] = await this.claim(1, options);
    assert.ok(claimed !== undefined, "something can be claimed");
    return claimed;
  }

  /** Ids in hand-over order, each acknowledged before the next is claimed. */
  async drain(sink = "crm"): Promise<string[]> {
    const ids: string[] = [];
    for (
      let claimed = await this.claim(1, { sink });
      claimed[0] !== undefined;
      claimed = await this.claim(1, { sink })
    ) {
      ids.push(claimed[0].id);
      await this.ack(claimed[0]);
    }
    return ids;
  }

  /** Settles one lease, which must be open. */
  async settle(settlement: Settlement): Promise<void> {
    assert.deepEqual(await this.#store.settle([settlement], this.now), ["settled"]);
  }

  async ack(claimed: ClaimedEnvelope): Promise<void> {
    await this.settle({ token: claimed.token, result: "ack" });
  }

  async retry(claimed: ClaimedEnvelope, delayMs = 0): Promise<void> {
    await this.settle({ token: claimed.token, result: "retry", delayMs, cause: "not now" });
  }

  async dead(claimed: ClaimedEnvelope): Promise<void> {
    await this.settle({ token: claimed.token, result: "dead", cause: "never" });
  }

  /** The counters of a sink. */
  async sink(name = "crm"): Promise<SinkStats> {
    const stats = (await this.#store.stats(this.now)).sinks[name];
    assert.ok(stats !== undefined, `sink ${name} has counters`);
    return stats;
  }

  /** Seqs of the dead letters of sink `crm`. */
  async deadSeqs(): Promise<number[]> {
    return (await this.#store.deadLetters({ sink: "crm" }, this.now)).map(({ seq }) => seq);
  }

  /** The ledger as `reason id`. */
  async lines(): Promise<string[]> {
    return (await this.#store.ledger({ limit: 1_000 })).map(({ reason, id }) => `${reason} ${id}`);
  }

  /** Checks Q14 in every sink. */
  async conserved(): Promise<void> {
    const stats = await this.#store.stats(this.now);
    for (const [name, sink] of Object.entries(stats.sinks)) {
      const { admitted, acked, expired, coalesced, shed, discarded, dead, waiting, inFlight } = sink;
      const ends = acked + expired + coalesced + shed + discarded;
      assert.equal(admitted, ends + dead + waiting + inFlight, `Q14 in sink ${name}`);
    }
  }
}
