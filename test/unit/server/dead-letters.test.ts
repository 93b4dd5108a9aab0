import { describe, expect, test } from "vitest";
import { encodeEventRecord } from "../../../src/core/event-record.ts";
import type { BodyEncoding } from "../../../src/core/event-record.ts";
import { RingfirstError } from "../../../src/errors.ts";
import type { DeadLetter } from "../../../src/ports/store.ts";
import { post, serve } from "./serve.ts";

function letter(seq: number, body: Uint8Array | string, encoding: BodyEncoding): DeadLetter {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const record = {
    source: "main",
    topic: "v2.users.1.presence",
    type: "",
    origin: "live",
    encoding,
    receivedAt: 5,
    correlationId: "",
    body: bytes,
  } as const;
  return {
    sink: "crm",
    seq,
    id: `id ${seq}`,
    class: "high",
    key: seq === 1 ? "k" : undefined,
    admittedAt: 6,
    deadAt: 7,
    attempts: [{ attempt: 1, at: 7, cause: "status 500" }],
    redriven: 0,
    replaced: 0,
    payload: encodeEventRecord(record),
  };
}

const BIG_NUMBER = '{ "n": 12345678901234567890 }';

describe("GET /api/dead-letters", () => {
  test("lists them without bodies, and says how large these are", async () => {
    const { ask, service } = await serve({ deadLetters: [letter(1, BIG_NUMBER, "json")] });
    const answer = await ask({ path: "/api/dead-letters?sink=crm&after=7&limit=3" });
    expect(answer.json).toEqual({
      deadLetters: [
        {
          sink: "crm",
          seq: 1,
          id: "id 1",
          class: "high",
          key: "k",
          admittedAt: 6,
          deadAt: 7,
          attempts: [{ attempt: 1, at: 7, cause: "status 500" }],
          redriven: 0,
          replaced: 0,
          event: {
            source: "main",
            topic: "v2.users.1.presence",
            type: "cloud.genesys.notification.v1",
            origin: "live",
            receivedAt: 5,
            bodyBytes: BIG_NUMBER.length,
          },
        },
      ],
    });
    expect(service.acts).toEqual(['deadLetters {"sink":"crm","after":7,"limit":3}']);
  });

  test("gives bodies back byte for byte when asked", async () => {
    const invalid = Uint8Array.of(0x22, 0xff, 0x22);
    const { ask } = await serve({
      deadLetters: [
        letter(1, BIG_NUMBER, "json"),
        letter(2, invalid, "json"),
        letter(3, Uint8Array.of(0x41, 0x42), "binary"),
        letter(4, `${"[".repeat(9_000)}${"]".repeat(9_000)}`, "json"),
      ],
    });
    const { json } = await ask({ path: "/api/dead-letters?body=true" });
    const bodies = (json as { deadLetters: { body: unknown }[] }).deadLetters.map(({ body }) => body);
    expect(bodies.slice(0, 3)).toEqual([
      { encoding: "json", text: BIG_NUMBER },
      { encoding: "json", base64: Buffer.from(invalid).toString("base64") },
      { encoding: "binary", base64: "QUI=" },
    ]);
    expect(bodies[3]).toMatchObject({ encoding: "json" });
  });

  test("lists one whose payload can't be read, so that it can be redriven or discarded", async () => {
    const { ask } = await serve({ deadLetters: [{ ...letter(1, "1", "json"), payload: Uint8Array.of(9) }] });
    const { status, json } = await ask({ path: "/api/dead-letters?body=true" });
    expect(status).toBe(200);
    const [first] = (json as { deadLetters: Record<string, unknown>[] }).deadLetters;
    expect(first).toMatchObject({ seq: 1 });
    expect(first).not.toHaveProperty("event");
    expect(first).not.toHaveProperty("body");
  });

  test.each(["limit=0", "limit=1001", "limit=x", "limit=-1", "limit=1e2", "after=-1", "after=x", "after=1.5"])(
    "refuses ?%s",
    async (search) => {
      const { ask, service } = await serve();
      const answer = await ask({ path: `/api/dead-letters?${search}` });
      expect(answer.status).toBe(400);
      expect(answer.json).toMatchObject({ error: { code: "bad-request" } });
      expect(service.acts).toEqual([]);
    },
  );
});

describe.each(["redrive", "discard"] as const)("POST /api/dead-letters/%s", (verb) => {
  test("answers for each seq", async () => {
    const { ask, service } = await serve();
    const answer = await ask(post(`/api/dead-letters/${verb}`, { sink: "crm", seqs: [1, 200] }));
    expect(answer.json).toEqual({
      sink: "crm",
      results: [
        { seq: 1, result: verb === "redrive" ? "redriven" : "discarded" },
        { seq: 200, result: "unknown" },
      ],
    });
    expect(service.acts).toEqual([`${verb} crm 1,200`]);
  });

  test.each([
    [{}],
    [{ sink: 1, seqs: [1] }],
    [{ sink: "crm" }],
    [{ sink: "crm", seqs: [] }],
    [{ sink: "crm", seqs: "1" }],
    [{ sink: "crm", seqs: [1, "2"] }],
    [{ sink: "crm", seqs: [-1] }],
    [{ sink: "crm", seqs: [1.5] }],
    [{ sink: "crm", seqs: Array.from({ length: 10_001 }, (_, seq) => seq) }],
  ])("refuses %j", async (body) => {
    const { ask, service } = await serve();
    expect((await ask(post(`/api/dead-letters/${verb}`, body))).status).toBe(400);
    expect(service.acts).toEqual([]);
  });
});

describe("a sink that is not there", () => {
  test("is a 400 with the work queue's own words", async () => {
    const { ask, service } = await serve();
    service.redrive = () => Promise.reject(new RingfirstError("RF_QUEUE_ARGUMENT", 'there is no sink "nope"'));
    const answer = await ask(post("/api/dead-letters/redrive", { sink: "nope", seqs: [1] }));
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({ error: { code: "bad-request", message: 'there is no sink "nope"' } });
  });
});

describe("POST /api/sinks/{name}/pause and resume", () => {
  test("hold a sink back and let it go", async () => {
    const { ask, service } = await serve();
    expect((await ask({ method: "POST", path: "/api/sinks/log/pause" })).json).toEqual({ sink: "log", paused: true });
    expect((await ask({ method: "POST", path: "/api/sinks/log/resume" })).json).toEqual({ sink: "log", paused: false });
    expect((await ask({ method: "POST", path: "/api/sinks/a%20b%2Fc/pause" })).json).toEqual({
      sink: "a b/c",
      paused: true,
    });
    expect(service.acts).toEqual(["pause log", "resume log", "pause a b/c"]);
  });

  test("answer 404 for a name that is no sink's", async () => {
    const { ask } = await serve();
    expect((await ask({ method: "POST", path: "/api/sinks/nope/pause" })).status).toBe(404);
  });
});
