import { describe, expect, test } from "vitest";
import type { Effort, Life, LifeInput } from "../../../../src/sources/platform-websocket/life.ts";
import { IDLE, MAX_UNAUTHORIZED, step } from "../../../../src/sources/platform-websocket/life.ts";

/** What each input makes of each state: the new state, and the commands. `=`: nothing changes. */
const INPUTS: Readonly<Record<LifeInput["kind"], LifeInput>> = {
  start: { kind: "start" },
  "token-granted": { kind: "token-granted" },
  "token-failed": { kind: "token-failed", reason: "r", retryAfterMs: 7 },
  "token-refused": { kind: "token-refused", reason: "r" },
  opened: { kind: "opened" },
  unauthorized: { kind: "unauthorized", reason: "r" },
  forbidden: { kind: "forbidden", reason: "r" },
  unreachable: { kind: "unreachable", reason: "r", retryAfterMs: 7 },
  lost: { kind: "lost", reason: "r" },
  "fell-back": { kind: "fell-back", reason: "r" },
  steady: { kind: "steady" },
  "token-ending": { kind: "token-ending" },
  due: { kind: "due" },
  close: { kind: "close" },
};

type Row = Readonly<Partial<Record<LifeInput["kind"], string>>>;

const PAUSE = "pause(3,0)";
const PAUSE_7 = "pause(3,7)";
const CLOSE = "closed/none: shut";

/** Failures are 2 before each step. `+` marks a standing socket. */
const TABLE: Readonly<Record<string, Row>> = {
  idle: { start: "none/token: gap-begins ask-token(false)", close: CLOSE },
  "none/token": {
    "token-granted": "none/handshake: open",
    "token-failed": `none/pause: ${PAUSE_7}`,
    "token-refused": "none/slow: pause-slowly",
    close: CLOSE,
  },
  "none/handshake": {
    opened: "+/none: gap-ends",
    unauthorized: "none/token: ask-token(true)",
    forbidden: "none/slow: pause-slowly",
    unreachable: `none/pause: ${PAUSE_7}`,
    close: CLOSE,
  },
  "none/pause": { due: "none/token: ask-token(false)", close: CLOSE },
  "none/slow": { due: "none/token: ask-token(false)", close: CLOSE },
  "+/none": {
    lost: `none/pause: gap-begins ${PAUSE}`,
    "fell-back": `+/pause: ${PAUSE}`,
    steady: "+/none:",
    "token-ending": "+/token: ask-token(true)",
    close: CLOSE,
  },
  "+/token": {
    "token-granted": "+/handshake: open",
    "token-failed": `+/pause: ${PAUSE_7}`,
    "token-refused": "+/slow: pause-slowly",
    lost: "none/token: gap-begins",
    steady: "+/token:",
    close: CLOSE,
  },
  "+/handshake": {
    opened: "+/none: let-old-go",
    unauthorized: "+/token: ask-token(true)",
    forbidden: "+/slow: pause-slowly",
    unreachable: `+/pause: ${PAUSE_7}`,
    lost: "none/handshake: gap-begins",
    steady: "+/handshake:",
    close: CLOSE,
  },
  "+/pause": {
    due: "+/token: ask-token(false)",
    lost: "none/pause: gap-begins",
    steady: "+/pause:",
    close: CLOSE,
  },
  "+/slow": { due: "+/token: ask-token(false)", lost: "none/slow: gap-begins", steady: "+/slow:", close: CLOSE },
  closed: {},
};

function stateOf(name: string): Life {
  if (name === "idle") return { ...IDLE, failures: 2 };
  if (name === "closed") return { ...IDLE, phase: "closed" };
  const [standing, effort] = name.split("/");
  return { ...IDLE, phase: "running", standing: standing === "+", effort: effort as Effort, failures: 2 };
}

function nameOf({ phase, standing, effort }: Life): string {
  if (phase === "closed") return `closed/${effort}`;
  return `${standing ? "+" : "none"}/${effort}`;
}

function show(name: string, input: LifeInput): string {
  const before = stateOf(name);
  const { life, commands } = step(before, input);
  if (life === before && commands.length === 0) return "=";
  const words = commands.map((command) => {
    if (command.kind === "ask-token") return `ask-token(${command.fresh})`;
    if (command.kind === "pause") return `pause(${command.failures},${command.retryAfterMs})`;
    return command.kind;
  });
  return `${nameOf(life)}: ${words.join(" ")}`.trim();
}

describe("every state and every input", () => {
  for (const [name, row] of Object.entries(TABLE)) {
    test.each(Object.entries(INPUTS))(`${name} on %s`, (kind, input) => {
      expect(show(name, input)).toBe(row[kind as LifeInput["kind"]] ?? "=");
    });
  }
});

describe("a life", () => {
  const run = (...inputs: LifeInput[]): Life => inputs.reduce((life, input) => step(life, input).life, IDLE);
  const { start, "token-granted": granted, opened, unauthorized, due, steady, lost, unreachable } = INPUTS;

  test("asks for a new token at the first 401 in a row, waits at the next, and counts as refused at the third", () => {
    let life = run(start, granted);
    const efforts: Effort[] = [];
    for (let count = 0; count < MAX_UNAUTHORIZED; count += 1) {
      life = step(life, unauthorized).life;
      efforts.push(life.effort);
      if (life.effort === "pause") life = step(life, due).life;
      life = step(life, granted).life;
    }
    expect(efforts).toEqual(["token", "pause", "slow"]);
  });

  test("forgets 401 answers once a socket stands", () => {
    const life = run(start, granted, unauthorized, granted, opened);
    expect(life).toMatchObject({ unauthorized: 0, reason: undefined });
  });

  test("keeps failures until a socket has stood for a while, so that a flapping server is met with longer waits", () => {
    const flapping = run(start, granted, opened, lost, due, granted, opened, lost, due, granted, opened, lost);
    expect(flapping.failures).toBe(3);
    expect(run(start, granted, opened, lost, due, granted, opened, steady).failures).toBe(0);
  });

  test("tells why it is not well", () => {
    expect(run(start, granted, unreachable).reason).toBe("r");
    expect(run(start, granted, opened, lost).reason).toBe("r");
  });
});
