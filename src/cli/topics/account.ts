/** The Genesys Cloud account that a command asks: a source of the configuration that `serve` would read. */
import type { Config, GenesysSourceConfig } from "../../config/config.ts";
import { RingfirstError } from "../../errors.ts";
import { createTokenSource, type TokenSource } from "../../oauth/token.ts";
import type { Clock } from "../../ports/clock.ts";
import { SILENT_LOGGER } from "../../ports/logger.ts";
import type { Net } from "../../ports/net.ts";
import { systemClock } from "../../runtime/clock.ts";
import { systemNet } from "../../runtime/net.ts";
import { type Endpoints, resolveEndpoints } from "../../sources/genesys/endpoints.ts";
import { createGenesysApi, type GenesysApi } from "../../sources/genesys/rest.ts";
import { API_PATHS } from "../../wire/genesys.ts";
import { configFile, readConfig } from "../config-source.ts";
import type { CliContext } from "../context.ts";

/** The options of every command that asks an account. */
export interface AccountFlags {
  readonly config?: string;
  /** Name of the source; without it the first one of type `genesys`. */
  readonly source?: string;
}

/** An account that can be asked. */
export interface Account {
  /** Name of the source that it belongs to. */
  readonly name: string;
  readonly endpoints: Endpoints;
  readonly tokens: TokenSource;
  readonly api: GenesysApi;
}

/** The variables without which the environment configures nothing. */
const VARIABLES = ["GENESYS_CLIENT_ID", "GENESYS_CLIENT_SECRET", "GENESYS_REGION"];

/** Whether there is a file or an environment that could name an account. */
export function isConfigured(flags: AccountFlags, context: CliContext): boolean {
  return configFile(flags.config, context) !== undefined || VARIABLES.some((name) => (context.env[name] ?? "") !== "");
}

/**
 * The account that a command asks; undefined where nothing is configured, or nothing of Genesys Cloud's own wire.
 *
 * @throws RingfirstError `RF_CONFIG_UNREADABLE`, `RF_CONFIG_INVALID`, `RF_USAGE`
 */
export function findAccount(flags: AccountFlags, context: CliContext): Account | undefined {
  if (!isConfigured(flags, context)) {
    if (flags.source === undefined) return undefined;
    throw new RingfirstError("RF_USAGE", `--source ${JSON.stringify(flags.source)}: no configuration was found here`);
  }
  const source = chooseSource(readConfig(flags.config, context).config, flags.source);
  return source && openAccount(source, systemClock(), systemNet());
}

/** The account of a source; nothing is asked yet. */
export function openAccount(source: GenesysSourceConfig, clock: Clock, net: Net): Account {
  const { name, region, clientId, clientSecret, endpoints: given = {} } = source;
  const { login, api: base } = given;
  const endpoints = resolveEndpoints(`source ${name}`, region, {
    ...(login === undefined ? {} : { login }),
    ...(base === undefined ? {} : { api: base }),
  });
  const url = `${endpoints.login}${API_PATHS.token}`;
  const tokens = createTokenSource({ url, style: "basic", clientId, clientSecret, clock, net });
  const api = createGenesysApi({ base: endpoints.api, tokens, clock, net, logger: SILENT_LOGGER });
  return { name, endpoints, tokens, api };
}

function chooseSource({ sources }: Config, named: string | undefined): GenesysSourceConfig | undefined {
  const known = sources.filter((source) => source.type === "genesys");
  if (named === undefined) return known[0];
  const found = known.find(({ name }) => name === named);
  if (found !== undefined) return found;
  const names = known.map(({ name }) => name).join(", ");
  const message = `--source: no source of type genesys is named ${JSON.stringify(named)}; there are: ${names || "none"}`;
  throw new RingfirstError("RF_USAGE", message);
}
