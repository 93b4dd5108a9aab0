/** A store that is listened to: what it says that it has admitted must not be lost, and what it says is settled must not come again. */
import type { Store, StoreDriver } from "../../../src/ports/store.ts";
import type { SimProcess } from "../sim-process.ts";
import type { Timeline } from "../timeline.ts";
import { parseEventRecord } from "../../../src/core/event-record.ts";
import { markOf, type Truth } from "../truth.ts";

const latin1 = new TextDecoder("latin1");

/** The driver, with its answers noted; `moment` is told of each. */
export function watchedStore(
  driver: StoreDriver,
  process: SimProcess,
  timeline: Timeline,
  truth: Truth,
  opened: (store: Store) => void,
  moment: () => void,
): StoreDriver {
  const admit = async (store: Store, ...[batch, now]: Parameters<Store["admit"]>): ReturnType<Store["admit"]> => {
    const facts = batch.map(({ payload, key }) => {
      const { topic, origin, body } = parseEventRecord(payload);
      return { topic, origin, key, mark: markOf(truth, key, latin1.decode(body)) };
    });
    const answers = await store.admit(batch, now);
    for (const [place, { status }] of answers.entries()) {
      const { id, sinks } = batch[place]!;
      const fact = facts[place]!;
      truth.admissions.push({ id, ...fact, sinks, at: timeline.now, life: process.life, status });
      timeline.trace(`admitted ${fact.mark} (${fact.origin}): ${status}`);
    }
    moment();
    return answers;
  };
  const leased = new Map<number, { readonly sink: string; readonly id: string }>();
  const claim = async (store: Store, ...args: Parameters<Store["claim"]>): ReturnType<Store["claim"]> => {
    const claimed = await store.claim(...args);
    for (const { token, id } of claimed) leased.set(token, { sink: args[0], id });
    return claimed;
  };
  const settle = async (store: Store, ...[batch, now]: Parameters<Store["settle"]>): ReturnType<Store["settle"]> => {
    const answers = await store.settle(batch, now);
    for (const [place, answer] of answers.entries()) {
      const { token, result } = batch[place]!;
      const lease = leased.get(token);
      leased.delete(token);
      if (answer === "settled" && result === "ack" && lease !== undefined) {
        truth.settled.push({ ...lease, at: timeline.now });
      }
    }
    return answers;
  };
  return {
    ...driver,
    open: async (config, now) => {
      const store = await driver.open(config, now);
      opened(store);
      return new Proxy(store, {
        get(target, name) {
          if (name === "admit") return (...args: Parameters<Store["admit"]>) => admit(target, ...args);
          if (name === "claim") return (...args: Parameters<Store["claim"]>) => claim(target, ...args);
          if (name === "settle") return (...args: Parameters<Store["settle"]>) => settle(target, ...args);
          const value: unknown = Reflect.get(target, name, target);
          return typeof value === "function" ? (value.bind(target) as unknown) : value;
        },
      });
    },
  };
}
