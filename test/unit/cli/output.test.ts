import { PassThrough, Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { createOutput, hasColors, type OutputStream } from "../../../src/cli/output.ts";

function tty(): OutputStream {
  return Object.assign(new PassThrough(), { isTTY: true });
}

describe("output of commands", () => {
  test.each([
    [{}, true],
    [{ NO_COLOR: "1" }, false],
    [{ NO_COLOR: "" }, true],
    [{ TERM: "dumb" }, false],
    [{ FORCE_COLOR: "0" }, false],
    [{ NO_COLOR: "1", FORCE_COLOR: "1" }, false],
  ])("a terminal with %j has colours: %s", (env, expected) => {
    expect(hasColors(tty(), env)).toBe(expected);
  });

  test("a pipe has none unless they are asked for", () => {
    expect(hasColors(new PassThrough(), {})).toBe(false);
    expect(hasColors(new PassThrough(), { FORCE_COLOR: "1" })).toBe(true);
  });

  test("a reader that has gone ends the output quietly", async () => {
    const broken = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error("write EPIPE"), { code: "EPIPE" })),
    });
    const output = createOutput(broken, new PassThrough(), {});
    output.line("one");
    output.line("two");
    await output.flush();
    expect(output.readerGone.aborted).toBe(true);
    output.json({ three: 3 });
    await expect(output.flush()).resolves.toBeUndefined();
  });
});
