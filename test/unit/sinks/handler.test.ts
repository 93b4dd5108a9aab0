import { describe, expect, test } from "vitest";
import { dead, retry } from "../../../src/core/outcome.ts";
import type { RingfirstEvent } from "../../../src/core/event.ts";
import { handlerSink } from "../../../src/sinks/handler.ts";

const event = { id: "e1" } as RingfirstEvent;
const context = { signal: new AbortController().signal, attempt: 3 };

describe("the handler sink", () => {
  test("gives the event and its context to the function", async () => {
    const seen: unknown[] = [];
    const sink = handlerSink({ name: "popup", handle: (...given) => seen.push(...given) });
    await sink.deliver(event, context);
    expect(seen).toEqual([event, context]);
    expect(sink).toMatchObject({ name: "popup", type: "handler" });
    await sink.close();
  });

  test("is named handler where no name is given", () => {
    expect(handlerSink({ handle: () => undefined }).name).toBe("handler");
  });

  // oxlint-disable-next-line unicorn/no-thenable
  test.each([undefined, null, 0, "retry", { result: "maybe" }, [], { then: 1 }])("%j is done, at once", (answer) => {
    expect(handlerSink({ handle: () => answer }).deliver(event, context)).toEqual({ result: "ack" });
  });

  test.each([retry("later", 5), dead("never"), { result: "ack" }])(
    "%j is kept, at once or promised",
    async (answer) => {
      expect(handlerSink({ handle: () => answer }).deliver(event, context)).toEqual(answer);
      expect(await handlerSink({ handle: () => Promise.resolve(answer) }).deliver(event, context)).toEqual(answer);
    },
  );

  test("a promise of anything is done when it is kept", async () => {
    // oxlint-disable-next-line unicorn/no-thenable
    const thenable = { then: (done: (value: unknown) => void) => done({ some: "answer" }) };
    expect(await handlerSink({ handle: () => thenable }).deliver(event, context)).toEqual({ result: "ack" });
  });

  test("what the function throws goes through", async () => {
    const broken = new Error("broken");
    const throwing = handlerSink({
      handle: () => {
        throw broken;
      },
    });
    expect(() => throwing.deliver(event, context)).toThrow(broken);
    await expect(handlerSink({ handle: () => Promise.reject(broken) }).deliver(event, context)).rejects.toBe(broken);
  });
});
