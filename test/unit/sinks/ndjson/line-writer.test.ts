import { describe, expect, test } from "vitest";
import { LineWriter, type LineResult } from "../../../../src/sinks/ndjson/line-writer.ts";
import { createFakeClock } from "../../../../src/testing/fake-clock.ts";

const encoder = new TextEncoder();
const quiet = new AbortController().signal;

/** A target that takes what each step says: so many bytes, or an error; `all` when the steps are used up. */
function scripted(...steps: (number | Error)[]): {
  write(bytes: Uint8Array): Promise<number>;
  text(): string;
  writes: number;
} {
  let text = "";
  return {
    writes: 0,
    write(bytes) {
      this.writes += 1;
      const step = steps.shift() ?? bytes.length;
      if (step instanceof Error) return Promise.reject(step);
      text += new TextDecoder().decode(bytes.subarray(0, step));
      return Promise.resolve(Math.min(step, bytes.length));
    },
    text: () => text,
  };
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}

function write(writer: LineWriter, text: string, signal: AbortSignal = quiet): Promise<LineResult> {
  return writer.write(encoder.encode(text), () => signal);
}

describe("the line writer", () => {
  test("writes the lines of one turn at once, in order", async () => {
    const target = scripted();
    const writer = new LineWriter(target, createFakeClock());
    const results = await Promise.all(["a\n", "b\n", "c\n"].map((text) => write(writer, text)));
    expect(results).toEqual([{ written: true }, { written: true }, { written: true }]);
    expect([target.text(), target.writes]).toEqual(["a\nb\nc\n", 1]);
  });

  test("goes on where the system took only a part", async () => {
    const target = scripted(1, 2, 1);
    const writer = new LineWriter(target, createFakeClock());
    await Promise.all([write(writer, "aa\n"), write(writer, "bb\n")]);
    expect(target.text()).toBe("aa\nbb\n");
  });

  test("says of each line by itself whether it was taken", async () => {
    const full = failure("ENOSPC");
    const writer = new LineWriter(scripted(4, full), createFakeClock());
    const results = await Promise.all([write(writer, "aa\n"), write(writer, "bb\n"), write(writer, "cc\n")]);
    expect(results).toEqual([{ written: true }, { written: false, error: full }, { written: false, error: full }]);
  });

  test("ends a line that was cut before the next one begins", async () => {
    const target = scripted(4, failure("ENOSPC"), failure("ENOSPC"));
    const writer = new LineWriter(target, createFakeClock());
    await Promise.all([write(writer, "aa\n"), write(writer, "bb\n")]);
    expect(await write(writer, "bb\n")).toMatchObject({ written: false });
    expect(await write(writer, "bb\n")).toEqual({ written: true });
    expect(await write(writer, "cc\n")).toEqual({ written: true });
    expect(target.text()).toBe("aa\nb\nbb\ncc\n");
  });

  test("knows a cut line again when the newline that mends it is all that was taken", async () => {
    const target = scripted(1, failure("ENOSPC"), 1, failure("ENOSPC"));
    const writer = new LineWriter(target, createFakeClock());
    await write(writer, "aa\n");
    await write(writer, "aa\n");
    await write(writer, "aa\n");
    expect(target.text()).toBe("a\naa\n");
  });

  test("does not cut at a line's end", async () => {
    const target = scripted(3, failure("ENOSPC"));
    const writer = new LineWriter(target, createFakeClock());
    await Promise.all([write(writer, "aa\n"), write(writer, "bb\n")]);
    await write(writer, "bb\n");
    expect(target.text()).toBe("aa\nbb\n");
  });

  test("asks again a little later when the system says not now", async () => {
    const clock = createFakeClock();
    const target = scripted(failure("EAGAIN"), failure("EAGAIN"));
    const writer = new LineWriter(target, clock);
    const written = write(writer, "aa\n");
    await clock.advance(20);
    expect(await written).toEqual({ written: true });
    expect(target.writes).toBe(3);
  });

  test("refuses lines when the reader stands still and too much waits", async () => {
    let release: () => void = () => undefined;
    const stuck = {
      write: (bytes: Uint8Array): Promise<number> => new Promise((resolve) => (release = () => resolve(bytes.length))),
    };
    const writer = new LineWriter(stuck, createFakeClock());
    const big = "x".repeat(9 * 2 ** 20);
    const first = write(writer, big);
    await Promise.resolve();
    const second = write(writer, big);
    expect(await write(writer, big)).toMatchObject({
      written: false,
      error: expect.objectContaining({ message: expect.stringMatching(/too slow/) as string }) as Error,
    });
    release();
    expect(await first).toEqual({ written: true });
    await Promise.resolve();
    release();
    expect(await second).toEqual({ written: true });
  });

  test("leaves out lines that nobody waits for any more", async () => {
    const clock = createFakeClock();
    let release: () => void = () => undefined;
    let text = "";
    const slow = {
      write: (bytes: Uint8Array): Promise<number> =>
        new Promise((resolve) => {
          release = () => {
            text += new TextDecoder().decode(bytes);
            resolve(bytes.length);
          };
        }),
    };
    const writer = new LineWriter(slow, clock);
    const first = write(writer, "aa\n");
    await clock.settle();
    const given = new AbortController();
    const second = write(writer, "bb\n", given.signal);
    const third = write(writer, "cc\n");
    given.abort();
    await clock.advance(1_500);
    release();
    await clock.settle();
    release();
    expect(await Promise.all([first, second, third])).toEqual([
      { written: true },
      {
        written: false,
        error: expect.objectContaining({ message: expect.stringMatching(/given up/) as string }) as Error,
      },
      { written: true },
    ]);
    await writer.flushed();
    expect(text).toBe("aa\ncc\n");
  });
});
