import fc from "fast-check";
import { expect, test } from "vitest";
import { MoveTurns } from "../../src/sources/genesys/move-turns.ts";
import { createFakeClock } from "../../src/testing/fake-clock.ts";

const LIMIT = 20;
const PATIENCE_MS = 45_000;
const MOVE_MS = 30_000;

/** A line: when it is told to move, how long it takes until it has left its old channel, how long it may wait (seconds). */
const line = fc.record({
  at: fc.integer({ min: 0, max: 10 }),
  takes: fc.integer({ min: 1, max: 40 }),
  mayWait: fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 60 })),
});

interface Ending {
  readonly at: number;
  readonly moved: boolean;
  /** Moves under way that still may leave a channel. */
  readonly moving: number;
  readonly used: number;
}

test("moves never take more channels than there are; who gets none has waited as long as it may, or nobody was moving", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 25, size: "max" }),
      fc.integer({ min: 10, max: 20 }),
      async (lines, others) => {
        const clock = createFakeClock();
        const turns = new MoveTurns(clock);
        const start = clock.monotonic();
        const now = (): number => clock.monotonic() - start;
        // Channels of the lines themselves are among those of others.
        let used = others;
        let most = others;
        const begun: number[] = [];
        const endings: (Ending | undefined)[] = lines.map(() => undefined);
        const move = async (place: number, takesMs: number, until: number): Promise<void> => {
          const attempt = async (): Promise<true | undefined> => {
            if (used >= LIMIT) return undefined;
            await new Promise<void>((resolve) => void clock.setTimer(100, resolve));
            used += 1;
            most = Math.max(most, used);
            turns.begun();
            begun.push(now());
            clock.setTimer(takesMs, () => {
              used -= 1;
              begun.shift();
              turns.left();
            });
            return true;
          };
          const moved = (await turns.move(attempt, () => now() < until)) === true;
          const moving = begun.filter((at) => at > now() - MOVE_MS).length;
          endings[place] = { at: now(), moved, moving, used };
        };
        for (const [place, { at, takes, mayWait }] of lines.entries()) {
          clock.setTimer(at * 1_000, () => void move(place, takes * 1_000, (at + mayWait) * 1_000));
        }
        for (let n = 0; n < 240; n += 1) await clock.advance(500);
        expect(most).toBeLessThanOrEqual(LIMIT);
        for (const [place, { at, mayWait }] of lines.entries()) {
          const ending = endings[place];
          expect(ending).toBeDefined();
          if (ending === undefined || ending.moved) continue;
          const waited = ending.at - at * 1_000;
          const longest = Math.min(PATIENCE_MS, mayWait * 1_000);
          expect(waited >= longest || (ending.moving === 0 && ending.used >= LIMIT)).toBe(true);
          // Attempts of others come before the last one, a tenth of a second each.
          expect(waited).toBeLessThanOrEqual(longest + 3_500);
        }
      },
    ),
    { numRuns: 100 },
  );
});
