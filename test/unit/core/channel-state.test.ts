import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { ChannelCommand, ChannelLife } from "../../../src/core/channel-state.ts";
import { IDLE_CHANNEL, stepChannel } from "../../../src/core/channel-state.ts";
import { ALL_INPUTS, nameOf, reachable, show, showStep } from "../../support/channel-walk.ts";

const LOSSES = new Set(["lost:reconnect", "lost:check", "lost:recreate", "lost:recreate:slowly", "displaced", "close"]);

/** Every state that can be reached (failures counted as none or some), and what each input makes of it. */
const TABLE = readTable(readFileSync(new URL("../../fixtures/channel-states.txt", import.meta.url), "utf8"));

function readTable(text: string): ReadonlyMap<string, readonly string[]> {
  const blocks = text.trim().split("\n\n");
  return new Map(
    blocks.map((block) => {
      const [state = "", ...rows] = block.split("\n");
      return [state, rows.map((row) => row.trim())];
    }),
  );
}

function kinds(commands: readonly ChannelCommand[]): readonly string[] {
  return commands.map(({ kind }) => kind);
}

describe("the life of a channel line", () => {
  test("the table names every state that can be reached, and no other", () => {
    expect([...reachable().keys()].toSorted()).toEqual([...TABLE.keys()].toSorted());
  });

  test.each([...TABLE])("%s", (name, rows) => {
    const life = reachable().get(name) ?? IDLE_CHANNEL;
    const found = ALL_INPUTS.flatMap((input) => {
      const step = stepChannel(life, input);
      // What the table does not name changes nothing (C5).
      return step.life === life && step.commands.length === 0 ? [] : [`${nameOf(input)} -> ${showStep(step)}`.trim()];
    });
    expect(found).toEqual(rows);
  });

  test("C1: what stands goes on standing until it is lost, or nobody wants it any more", () => {
    for (const life of reachable().values()) {
      for (const input of ALL_INPUTS) {
        if (!life.standing || LOSSES.has(nameOf(input))) continue;
        const step = stepChannel(life, input);
        expect(step.life.standing, `${show(life)} + ${nameOf(input)}`).toBe(true);
        expect(kinds(step.commands)).not.toContain("drop-standing");
      }
    }
  });

  test("C2: without a steady time, no circle leads back to a socket without a pause", () => {
    // From a standing line, through everything but what waits (a pause's end) or proves calm (steady).
    const begin = [...reachable().values()].filter(({ standing, effort }) => standing && effort === "none");
    for (const start of begin) {
      const seen = new Set<string>();
      const walk = (life: ChannelLife, joins: number): void => {
        expect(joins, `joined ${joins} times without a pause, from ${show(start)}`).toBeLessThan(3);
        for (const input of ALL_INPUTS) {
          if (["due", "steady", "close"].includes(input.kind)) continue;
          const step = stepChannel(life, input);
          if (step.life === life) continue;
          const place = `${show(step.life)} ${joins}`;
          if (seen.has(place)) continue;
          seen.add(place);
          walk(step.life, joins + (input.kind === "joined" ? 1 : 0));
        }
      };
      walk(start, 0);
    }
  });

  test("N1: whatever happens, a line that does not stand has an open gap, and one at rest has none", () => {
    const seen = new Map<string, readonly [ChannelLife, boolean]>([["idle false", [IDLE_CHANNEL, false]]]);
    for (const [life, open] of seen.values()) {
      for (const input of ALL_INPUTS) {
        const step = stepChannel(life, input);
        let gap = open;
        for (const kind of kinds(step.commands)) gap = kind === "gap-begins" || (kind !== "gap-ends" && gap);
        const where = `${show(life)} + ${nameOf(input)}`;
        if (step.life.phase === "running" && !step.life.standing) expect(gap, where).toBe(true);
        if (step.life.standing && step.life.effort === "none") expect(gap, where).toBe(false);
        const place = `${show(step.life)} ${gap}`;
        if (!seen.has(place)) seen.set(place, [step.life, gap]);
      }
    }
  });

  test("C2: pauses grow with the failures, and what the platform asked for is the least", () => {
    let life = reachable().get("creating new") ?? IDLE_CHANNEL;
    for (let failures = 1; failures <= 4; failures += 1) {
      const step = stepChannel(life, { kind: "create-failed", reason: "r", retryAfterMs: 7_000 });
      expect(step.commands).toEqual([{ kind: "pause", failures, atLeastMs: 7_000 }]);
      life = stepChannel(step.life, { kind: "due" }).life;
    }
  });

  test("another instance is not fought: after being displaced, nothing for as long as was said", () => {
    const standing = reachable().get("none, standing, held") ?? IDLE_CHANNEL;
    const { commands } = stepChannel(standing, { kind: "displaced", reason: "r", pauseMs: 45_000 });
    expect(commands.at(-1)).toEqual({ kind: "pause", failures: 1, atLeastMs: 45_000 });
  });

  test("what is not well is told until it is well again", () => {
    const standing = reachable().get("none, standing, held") ?? IDLE_CHANNEL;
    const lost = stepChannel(standing, { kind: "lost", reason: "cut", next: "reconnect" }).life;
    expect(lost.reason).toBe("cut");
    const opened = stepChannel(lost, { kind: "opened" }).life;
    expect(stepChannel(opened, { kind: "joined" }).life.reason).toBeUndefined();
  });
});
