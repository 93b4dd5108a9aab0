/** The real program as a child process, in a working directory of its own and with nothing of this environment but what it needs. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** One run. */
export interface ProgramRun {
  readonly pid: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Ends its standard input with this text. */
  input(text: string): void;
  signal(name: NodeJS.Signals): void;
  /** Resolves when the text on either stream matches; rejects when the program ends first, or after the limit. */
  says(pattern: RegExp, limitMs?: number): Promise<RegExpExecArray>;
  /** Resolves with the exit code (null: by signal). */
  readonly exit: Promise<number | null>;
}

/** What runs share: a folder and the processes that must not outlive the test. */
export interface ProgramFolder {
  readonly path: string;
  run(args: readonly string[], env?: Readonly<Record<string, string>>): ProgramRun;
  /** Kills what still runs and removes the folder. */
  close(): Promise<void>;
}

const PROGRAM = join(import.meta.dirname, "../../src/cli/main.ts");
const LIMIT_MS = 30_000;
/** Of this environment: what Node needs to run at all. */
const PASSED_ON = ["PATH", "HOME", "TMPDIR", "NODE_OPTIONS"];

/** An empty working directory. */
export function openFolder(): ProgramFolder {
  const path = mkdtempSync(join(tmpdir(), "ringfirst-cli-"));
  const runs: ProgramRun[] = [];
  return {
    path,
    run(args, env = {}) {
      const run = start(path, args, env);
      runs.push(run);
      return run;
    },
    async close() {
      for (const run of runs) run.signal("SIGKILL");
      await Promise.all(runs.map((run) => run.exit));
      rmSync(path, { recursive: true, force: true });
    },
  };
}

function start(cwd: string, args: readonly string[], extra: Readonly<Record<string, string>>): ProgramRun {
  const kept = PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  const env = { ...(Object.fromEntries(kept) as Record<string, string>), ...extra };
  const child = spawn(process.execPath, [PROGRAM, ...args], { cwd, env, stdio: "pipe" });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  // A program that ends before it reads its input is no trouble of ours.
  child.stdin.on("error", () => undefined);
  let ended = false;
  const exit = once(child, "close").then(([code]) => {
    ended = true;
    return code as number | null;
  });
  const says = (pattern: RegExp, limitMs = LIMIT_MS): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        stop();
        reject(new Error(`${why} before it said ${String(pattern)}\n--- stdout\n${stdout}\n--- stderr\n${stderr}`));
      };
      const look = (): void => {
        const found = pattern.exec(stdout) ?? pattern.exec(stderr);
        if (found === null) return;
        stop();
        resolve(found);
      };
      const onClose = (): void => {
        look();
        fail("it ended");
      };
      const timer = setTimeout(() => fail("the limit came"), limitMs);
      const stop = (): void => {
        clearTimeout(timer);
        child.stdout.off("data", look);
        child.stderr.off("data", look);
        child.off("close", onClose);
      };
      child.stdout.on("data", look);
      child.stderr.on("data", look);
      child.on("close", onClose);
      look();
      if (ended) fail("it had ended");
    });
  return {
    pid: child.pid ?? 0,
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    input: (text) => child.stdin.end(text),
    signal: (name) => child.kill(name),
    says,
    exit,
  };
}
