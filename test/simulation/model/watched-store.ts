/** A store that is listened to: what it says that it has admitted is what must not be lost. */
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
  return {
    ...driver,
    open: async (config, now) => {
      const store = await driver.open(config, now);
      opened(store);
      return new Proxy(store, {
        get(target, name) {
          if (name === "admit") return (...args: Parameters<Store["admit"]>) => admit(target, ...args);
          const value: unknown = Reflect.get(target, name, target);
          return typeof value === "function" ? (value.bind(target) as unknown) : value;
        },
      });
    },
  };
}
