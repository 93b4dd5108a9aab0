/** Seeds that run on several cores: in order, none left out, and a thread that dies is told. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { deal, type Dealing, type Runner } from "./deal.ts";
import { type RunResult, simulate } from "./run.ts";
import { SeedThread } from "./threads.ts";

const MAIN = join(import.meta.dirname, "main.ts");
const MINUTE = 60_000;
/** Short ones. */
const SEEDS = [7, 12, 20];

/** Seeds that are under way, to be ended in any order. */
function runners(count: number) {
  const running = new Map<number, PromiseWithResolvers<RunResult>>();
  const dealt: number[] = [];
  const run: Runner["run"] = (seed) => {
    const under = Promise.withResolvers<RunResult>();
    running.set(seed, under);
    dealt.push(seed);
    return under.promise;
  };
  const end = (seed: number): void => running.get(seed)!.resolve(resultOf(seed));
  return { all: Array.from({ length: count }, () => ({ run })), dealt, end, running };
}

function resultOf(seed: number): RunResult {
  const none = { faults: [], findings: [], lines: [], judge: undefined, hash: "" };
  return { ...none, seed, virtualMs: 0, steps: 0, said: 0, missed: 0, handedOver: 0, lives: 0 };
}

/** The seeds of the results, as they come. */
async function seedsOf(all: readonly Runner[], dealing: Dealing): Promise<number[]> {
  const seeds: number[] = [];
  for await (const { seed } of deal(all, dealing)) seeds.push(seed);
  return seeds;
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe("dealing", () => {
  test("results come in the order of the seeds, whichever ends first, and who is done gets the next seed", async () => {
    const { all, dealt, end } = runners(2);
    const seeds = seedsOf(all, { from: 5, count: 4, isOver: () => false });
    await turn();
    expect(dealt).toEqual([5, 6]);
    end(6);
    await turn();
    expect(dealt).toEqual([5, 6, 7]);
    end(7);
    await turn();
    end(8);
    end(5);
    expect(await seeds).toEqual([5, 6, 7, 8]);
  });

  test("one that is over deals no more, and gives all that were dealt", async () => {
    const { all, dealt, end } = runners(3);
    let isOver = false;
    const seeds = seedsOf(all, { from: 1, count: Infinity, isOver: () => isOver });
    await turn();
    end(1);
    await turn();
    isOver = true;
    for (const seed of [4, 3, 2]) end(seed);
    expect(await seeds).toEqual([1, 2, 3, 4]);
    expect(dealt).toEqual([1, 2, 3, 4]);
  });

  test("who looks no further gets no more seeds dealt", async () => {
    const { all, dealt, end } = runners(2);
    const looking = (async () => {
      for await (const { seed } of deal(all, { from: 1, count: 10, isOver: () => false })) if (seed === 1) return;
    })();
    await turn();
    end(1);
    await looking;
    const before = [...dealt];
    end(2);
    await turn();
    expect(dealt).toEqual(before);
  });

  test("a runner that breaks down breaks the run down, after the seeds before", async () => {
    const { all, end, running } = runners(2);
    const results = deal(all, { from: 1, count: 10, isOver: () => false });
    const first = results.next();
    await turn();
    running.get(2)!.reject(new Error("out of memory"));
    await turn();
    end(1);
    expect((await first).value).toMatchObject({ seed: 1 });
    await expect(results.next()).rejects.toThrow("out of memory");
  });
});

describe("threads", () => {
  test(
    "a seed is the same history in a thread",
    async () => {
      const thread = new SeedThread();
      onTestFinished(() => thread.end());
      for (const seed of SEEDS) expect(await thread.run(seed)).toEqual(await simulate({ seed }));
    },
    MINUTE,
  );

  test.each([
    ["ends", "process.exit(3)", /ended, with code 3/u],
    ["throws", "throw new Error('no such world')", /no such world/u],
  ])(
    "a thread that %s is told",
    async (_, source, message) => {
      const thread = new SeedThread(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
      await expect(thread.run(1)).rejects.toMatchObject({
        message: "seed 1 came to no end",
        cause: { message: expect.stringMatching(message) as unknown },
      });
    },
    MINUTE,
  );

  test(
    "what is told of many seeds is the same with one thread and with several",
    () => {
      const told = ["1", "2"].map((threads) => {
        const { stdout, status } = spawnSync(
          process.execPath,
          [MAIN, "--seeds", "3", "--from", "19", "--threads", threads],
          {
            encoding: "utf8",
          },
        );
        expect(status).toBe(0);
        return stdout.replace(/\(\d+ an hour\)/u, "");
      });
      expect(told[0]).toMatch(/^3 seeds from 19: 0 failed; \d+\.\d virtual days/u);
      expect(told[1]).toBe(told[0]);
    },
    2 * MINUTE,
  );
});
