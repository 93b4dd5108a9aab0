import { expect, test } from "vitest";
import type { ApiAnswer, ApiCall, GenesysApi } from "../../../../src/sources/genesys/rest.ts";
import { expandSelectors, type ReadPages, resolveSelectors } from "../../../../src/sources/genesys/selectors.ts";

const TOKEN = { value: "t", expiresAt: 1e15, renewAt: 1e15 };
const SELECTORS = resolveSelectors("topics", ["v2.users.{*}.presence", "v2.routing.queues.{*}.conversations"]);

/** A platform that gives one person and one queue a page, and answers so many calls before each refusal. */
function stingy(people: number, answersBeforeRefusal: number): { readonly api: GenesysApi; readonly paths: string[] } {
  const paths: string[] = [];
  let left = answersBeforeRefusal;
  const call = async ({ path }: ApiCall): Promise<ApiAnswer> => {
    if (left === 0) {
      left = answersBeforeRefusal;
      return { kind: "failed", reason: "the request budget of this minute is spent", retryAfterMs: 30_000 };
    }
    left -= 1;
    paths.push(path);
    const page = Number(/pageNumber=(\d+)/u.exec(path)?.[1]);
    const [kind, pageCount] = path.includes("/users") ? ["user", people] : ["queue", 2];
    return { kind: "ok", status: 200, token: TOKEN, json: { entities: [{ id: `${kind}-${page}` }], pageCount } };
  };
  return { api: { call }, paths };
}

test("lists of more pages than the platform answers in a minute are read to their end, each page once", async () => {
  const { api, paths } = stingy(25, 7);
  const read: ReadPages = new Map();
  let expansion = await expandSelectors(api, SELECTORS, "expand", read);
  let tries = 1;
  while (expansion.kind === "failed" && tries < 20) {
    expect(expansion.retryAfterMs).toBe(30_000);
    expansion = await expandSelectors(api, SELECTORS, "expand", read);
    tries += 1;
  }
  expect(tries).toBe(4);
  expect(new Set(paths).size).toBe(paths.length);
  const users = Array.from({ length: 25 }, (_, n) => `v2.users.user-${n + 1}.presence`);
  const queues = [1, 2].map((n) => `v2.routing.queues.queue-${n}.conversations`);
  expect(expansion).toEqual({ kind: "topics", topics: [...users, ...queues] });
});

test("without what was read before, each try begins anew", async () => {
  const { api } = stingy(25, 7);
  for (let n = 0; n < 5; n += 1) expect((await expandSelectors(api, SELECTORS)).kind).toBe("failed");
});
