/**
 * Loading a configuration: text, variables, secrets from files, shape, meaning; each step tells all that it finds.
 *
 * ```
 *  file ─► document ─► variables ─► secret-files ─► shape ─► semantics ─► Config
 *  environment ─────────────────────────────────────┘
 * ```
 */
import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { RingfirstError } from "../errors.ts";
import type { Config } from "./config.ts";
import { type ConfigDocument, parseConfigText } from "./document.ts";
import { configError, type ConfigProblem, showPath } from "./problem.ts";
import { SECRET_MEMBERS } from "./schema.ts";
import { codeOf, readSecretFiles } from "./secret-files.ts";
import { checkMeaning } from "./semantics.ts";
import { checkShape, type Finding } from "./shape.ts";
import { type Environment, fillVariables, withoutValues } from "./variables.ts";

/** Files that are looked for in the working directory where none is named. */
export const DEFAULT_CONFIG_FILES: readonly string[] = ["ringfirst.yaml", "ringfirst.yml", "ringfirst.json"];

/** A longer file is not read, in bytes. */
export const MAX_CONFIG_BYTES = 1_048_576;

/** Where a configuration comes from. */
export interface ConfigSource {
  /** Path of the file; absent: one of {@link DEFAULT_CONFIG_FILES}, else the environment alone. */
  readonly file?: string | undefined;
  readonly env: Environment;
}

/**
 * The configuration of a file, or of the environment where there is no file.
 *
 * @throws RingfirstError `RF_CONFIG_UNREADABLE`, `RF_CONFIG_INVALID` with all problems at once in `details.problems`
 */
export function loadConfig(source: ConfigSource): Config {
  const file = source.file ?? DEFAULT_CONFIG_FILES.find((name) => existsSync(name));
  if (file === undefined) return configFromEnvironment(source.env);
  return parseConfig(readConfigFile(file), { file, env: source.env });
}

/**
 * The configuration in a text, as if it stood in the file.
 *
 * @throws RingfirstError `RF_CONFIG_INVALID`
 */
export function parseConfig(text: string, source: { readonly file: string; readonly env: Environment }): Config {
  const document = parseConfigText(text);
  if (document.problems.length > 0) throw configError(source.file, document.problems);
  const filled = fillVariables(document.value, source.env);
  const complete = readSecretFiles(filled.value, SECRET_MEMBERS, source.file);
  const early: Finding[] = [...filled.problems, ...complete.problems];
  const shape = checkShape(complete.value, filled.references);
  const late = shape.ok ? checkMeaning(shape.config) : shape.findings;
  // A variable that is not set leaves an empty text behind, which is wrong too but not the news.
  const explained = new Set(early.map((finding) => showPath(finding.path)));
  const findings = [...early, ...late.filter((finding) => !explained.has(showPath(finding.path)))];
  if (!shape.ok || findings.length > 0) {
    const safe = findings.map((finding) => ({ ...finding, message: withoutValues(finding.message, filled.used) }));
    throw configError(
      source.file,
      safe.map((finding) => placed(finding, document)),
    );
  }
  return shape.config;
}

/**
 * The configuration of `GENESYS_CLIENT_ID`, `GENESYS_CLIENT_SECRET` and `GENESYS_REGION`, without a file.
 *
 * `GENESYS_WIRE=platform-websocket` takes the second wire; `GENESYS_ENDPOINT` points at an emulator or proxy (the region
 * may be left out then); `RINGFIRST_TOKEN` is the token of the HTTP server. Topics: conversations of all queues, presence and
 * routing status of all users. Sink: ndjson on stdout.
 *
 * @throws RingfirstError `RF_CONFIG_INVALID` that names the variables
 */
export function configFromEnvironment(env: Environment): Config {
  const wire = env["GENESYS_WIRE"] ?? "";
  const endpoint = env["GENESYS_ENDPOINT"] ?? "";
  const findings: Finding[] = [];
  if (wire !== "" && wire !== "genesys" && wire !== "platform-websocket") {
    findings.push({
      path: ["GENESYS_WIRE"],
      message: `genesys or platform-websocket expected, found ${JSON.stringify(wire.slice(0, 80))}`,
    });
  }
  const needed = ["GENESYS_CLIENT_ID", "GENESYS_CLIENT_SECRET", ...(endpoint === "" ? ["GENESYS_REGION"] : [])];
  const missing = needed.filter((name) => (env[name] ?? "") === "");
  if (missing.length === needed.length) throw nothingGiven();
  for (const name of missing) findings.push({ path: [name], message: "is not set" });
  const shape = checkShape(environmentTree(env, wire, endpoint), new Map());
  const late = shape.ok ? checkMeaning(shape.config) : shape.findings;
  findings.push(
    ...late.map(namedByVariable).filter((late) => !findings.some((known) => known.path[0] === late.path[0])),
  );
  if (!shape.ok || findings.length > 0) {
    const problems = findings.map(({ path, message }) => ({
      path: showPath(path),
      line: undefined,
      column: undefined,
      message,
    }));
    throw configError("the environment", problems);
  }
  return shape.config;
}

function environmentTree(env: Environment, wire: string, endpoint: string): unknown {
  const access = {
    name: "main",
    region: env["GENESYS_REGION"] || (endpoint !== "" && wire === "platform-websocket" ? "us-east-1" : undefined),
    clientId: env["GENESYS_CLIENT_ID"],
    clientSecret: env["GENESYS_CLIENT_SECRET"],
  };
  const token = env["RINGFIRST_TOKEN"] ?? "";
  const source =
    wire === "platform-websocket"
      ? { type: "platform-websocket", ...access, ...(endpoint === "" ? {} : { endpoints: { api: endpoint } }) }
      : {
          type: "genesys",
          ...access,
          topics: ["v2.routing.queues.{*}.conversations", "v2.users.{*}.presence", "v2.users.{*}.routingStatus"],
          ...(endpoint === "" ? {} : { endpoints: { login: endpoint, api: endpoint } }),
        };
  return {
    sources: [source],
    sinks: [{ name: "stdout", type: "ndjson", path: "-" }],
    ...(token === "" ? {} : { server: { token } }),
  };
}

const VARIABLES: Readonly<Record<string, string>> = {
  region: "GENESYS_REGION",
  clientId: "GENESYS_CLIENT_ID",
  clientSecret: "GENESYS_CLIENT_SECRET",
  login: "GENESYS_ENDPOINT",
  api: "GENESYS_ENDPOINT",
  token: "RINGFIRST_TOKEN",
};

function namedByVariable(finding: Finding): Finding {
  const variable = VARIABLES[String(finding.path.at(-1))];
  return variable === undefined ? finding : { ...finding, path: [variable] };
}

function nothingGiven(): RingfirstError {
  return new RingfirstError(
    "RF_CONFIG_INVALID",
    `no configuration: name a file (--config), put ${DEFAULT_CONFIG_FILES[0] ?? ""} here, or set GENESYS_CLIENT_ID, GENESYS_CLIENT_SECRET and GENESYS_REGION`,
    { details: { origin: "the environment", problems: [] } },
  );
}

function placed(finding: Finding, document: ConfigDocument): ConfigProblem {
  const place = finding.isAboutName === true ? document.placeOfName(finding.path) : document.placeOf(finding.path);
  return { path: showPath(finding.path), line: place?.line, column: place?.column, message: finding.message };
}

function readConfigFile(file: string): string {
  try {
    const descriptor = openSync(file, "r");
    try {
      const bytes = new Uint8Array(MAX_CONFIG_BYTES + 1);
      let length = 0;
      for (let read = -1; read !== 0 && length < bytes.length; length += read) {
        read = readSync(descriptor, bytes, length, bytes.length - length, null);
      }
      if (length <= MAX_CONFIG_BYTES)
        return new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, length));
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    const why = error instanceof TypeError ? "it is not UTF-8" : codeOf(error);
    throw new RingfirstError("RF_CONFIG_UNREADABLE", `the configuration ${file} can't be read (${why})`, {
      details: { file },
    });
  }
  throw new RingfirstError(
    "RF_CONFIG_UNREADABLE",
    `the configuration ${file} has more than ${MAX_CONFIG_BYTES} bytes`,
    {
      details: { file },
    },
  );
}
