import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createHandover } from "../../../../src/sources/platform-websocket/handover.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Feeds two sockets to a handover as the source does, and says what goes on. */
function run(steps: readonly (readonly ["old" | "new", string])[]): { out: string[]; folded: number } {
  const handover = createHandover();
  const out: string[] = [];
  for (const [socket, text] of steps) {
    if (socket === "old") {
      handover.old(bytes(text));
      out.push(text);
    } else expect(handover.fresh(bytes(text), false)).not.toBe("full");
  }
  out.push(...handover.end().map((frame) => new TextDecoder().decode(frame.bytes)));
  return { out, folded: handover.folded };
}

describe("a handover", () => {
  test("hands each event on once, whichever socket is first", () => {
    expect(
      run([
        ["old", "a"],
        ["new", "b"],
        ["old", "b"],
        ["old", "c"],
        ["new", "c"],
        ["new", "d"],
      ]),
    ).toEqual({
      out: ["a", "b", "c", "d"],
      folded: 2,
    });
  });

  test("keeps equal frames of one socket apart", () => {
    expect(
      run([
        ["old", "a"],
        ["old", "a"],
        ["new", "a"],
        ["new", "a"],
        ["new", "a"],
      ]),
    ).toEqual({
      out: ["a", "a", "a"],
      folded: 2,
    });
  });

  test("keeps bytes apart that differ only where text would be the same", () => {
    const handover = createHandover();
    handover.old(Uint8Array.of(0xff));
    expect(handover.fresh(Uint8Array.of(0xfe), false)).toBe("held");
    expect(handover.fresh(Uint8Array.of(0xff), false)).toBe("folded");
  });

  test("copies what it holds", () => {
    const handover = createHandover();
    const view = bytes("a");
    handover.fresh(view, true);
    view[0] = 0;
    expect(handover.end()).toEqual([{ bytes: bytes("a"), isBinary: true }]);
  });

  test("is bounded in frames and bytes, and says so before it loses anything", () => {
    const handover = createHandover({ maxFrames: 2, maxBytes: 10 });
    expect(handover.fresh(bytes("12345678901"), false)).toBe("full");
    expect(handover.fresh(bytes("1"), false)).toBe("held");
    expect(handover.fresh(bytes("2"), false)).toBe("held");
    expect(handover.fresh(bytes("3"), false)).toBe("full");
    expect(handover.end().length).toBe(2);
  });

  test("for all interleavings: nothing is lost, nothing comes twice, and order holds", () => {
    const scenario = fc.record({
      // Few values, so that true repeats are common.
      events: fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 30 }),
      cut: fc.nat(),
      chances: fc.infiniteStream(fc.boolean()),
    });
    fc.assert(
      fc.property(scenario, ({ events, cut, chances }) => {
        const named = events.map((event, index) => `${event} of key ${index % 3}`);
        // The old socket has all up to `end`; the new one all from its beginning. They overlap.
        const end = named.length === 0 ? 0 : cut % (named.length + 1);
        const old = named.slice(0, end);
        const fresh = [...named];
        const steps: ["old" | "new", string][] = [];
        while (old.length + fresh.length > 0) {
          const takeOld = fresh.length === 0 || (old.length > 0 && chances.next().value === true);
          steps.push(takeOld ? ["old", old.shift() ?? ""] : ["new", fresh.shift() ?? ""]);
        }
        expect(run(steps).out).toEqual(named);
      }),
      { numRuns: 2_000 },
    );
  });
});
