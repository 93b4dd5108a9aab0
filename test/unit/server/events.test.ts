import { describe, expect, test } from "vitest";
import type { IntakeResult, PushAnswer } from "../../../src/ports/source.ts";
import { post, serve } from "./serve.ts";

const items = (...statuses: IntakeResult["status"][]): PushAnswer => ({
  kind: "items",
  results: statuses.map((status, index) =>
    status === "admitted" || status === "coalesced"
      ? { status, id: `id ${index}`, class: "critical", key: undefined, seq: index }
      : { status, id: `id ${index}`, class: "critical", key: "k" },
  ),
});

describe("POST /api/events", () => {
  test.each([
    ["all admitted", items("admitted", "admitted"), 202],
    ["coalesced and duplicate among them", items("admitted", "coalesced", "duplicate"), 202],
    ["an empty batch", items(), 202],
    ["one full", items("admitted", "full", "too-large"), 503],
    ["one too large", items("admitted", "too-large"), 413],
    ["malformed", { kind: "malformed", message: "item 3: …" }, 400],
    ["another media type", { kind: "unsupported-media-type", message: "must be …" }, 415],
    ["too many", { kind: "too-large", message: "at most …" }, 413],
  ] satisfies [string, PushAnswer, number][])("%s", async (_, answer, status) => {
    const { ask } = await serve({ push: () => answer });
    const got = await ask(post("/api/events", { topic: "t", body: 1 }));
    expect(got.status).toBe(status);
    if (answer.kind === "items") {
      expect((got.json as { results: unknown[] }).results).toEqual(
        answer.results.map((result) => JSON.parse(JSON.stringify(result)) as unknown),
      );
    } else {
      expect(got.json).toMatchObject({ error: { message: answer.message } });
    }
    expect(got.headers["retry-after"]).toBe(status === 503 ? "1" : undefined);
  });

  test("hands on the bytes as they came and the media type without its parameters", async () => {
    const { ask, service } = await serve({ push: () => items("admitted") });
    const body = '{ "topic":"ü\\u0041", "body": 1e400 }\n';
    const headers = { "content-type": "Application/CloudEvents+JSON ; charset=utf-8" };
    await ask({ method: "POST", path: "/api/events", headers, body });
    expect(service.pushed).toEqual([{ text: body, mediaType: "application/cloudevents+json" }]);
  });

  test("a compressed body is 415, and says what to do", async () => {
    const { ask } = await serve({ push: () => items("admitted") });
    const answer = await ask({
      ...post("/api/events", { topic: "t", body: {} }),
      headers: { "content-type": "application/json", "content-encoding": "gzip" },
    });
    expect(answer.status).toBe(415);
    expect(JSON.stringify(answer.json)).toContain("without Content-Encoding");
  });

  test("says what to configure where no http source is", async () => {
    const { ask } = await serve();
    const answer = await ask(post("/api/events", { topic: "t", body: 1 }));
    expect(answer.status).toBe(404);
    expect(answer.text).toContain("type: http");
  });

  test("answers 503 while the store's disk is full or fails, and tells nothing of where it is", async () => {
    const { RingfirstError } = await import("../../../src/errors.ts");
    for (const code of ["RF_STORE_FULL", "RF_STORE_FAILING"] as const) {
      const push = (): never => {
        throw new RingfirstError(code, "the disk of /srv/secret/queue.db is full", { retryable: true });
      };
      const { ask, logger } = await serve({ push });
      const answer = await ask(post("/api/events", { topic: "t", body: 1 }));
      expect(answer.status).toBe(503);
      expect(answer.headers["retry-after"]).toBe("5");
      expect(answer.text).not.toContain("/srv");
      expect(logger.lines).toEqual([]);
    }
  });

  test("answers 503 when the service is closing", async () => {
    const { RingfirstError } = await import("../../../src/errors.ts");
    const push = (): never => {
      throw new RingfirstError("RF_SERVICE_CLOSED", "closing");
    };
    const { ask, logger } = await serve({ push });
    const answer = await ask(post("/api/events", { topic: "t", body: 1 }));
    expect(answer.status).toBe(503);
    expect(answer.headers["retry-after"]).toBe("5");
    expect(logger.lines).toEqual([]);
  });
});
