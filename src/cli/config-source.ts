/** Which configuration a command works with: the file that was named, else one that lies here, else the environment. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { buildOptions, type ServiceSettings } from "../config/build.ts";
import { type Config, DEFAULT_STORE } from "../config/config.ts";
import { DEFAULT_CONFIG_FILES, loadConfig } from "../config/load.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import { systemNet } from "../runtime/net.ts";
import type { CliContext } from "./context.ts";

/** A configuration, and where it stands. */
export interface FoundConfig {
  readonly config: Config;
  /** The file as it was named or found, or `the environment`. */
  readonly from: string;
}

/** The file that a command would read; undefined: the environment alone. */
export function configFile(named: string | undefined, { cwd }: CliContext): string | undefined {
  return named ?? DEFAULT_CONFIG_FILES.find((name) => existsSync(resolve(cwd, name)));
}

/** Loads it. @throws RingfirstError `RF_CONFIG_UNREADABLE`, `RF_CONFIG_INVALID` */
export function readConfig(named: string | undefined, context: CliContext): FoundConfig {
  const file = configFile(named, context);
  return { config: loadConfig({ file, env: context.env }), from: file ?? "the environment" };
}

/** What it makes of a service; nothing is connected or opened. @throws RingfirstError `RF_CONFIG_INVALID` */
export function toSettings(config: Config, clock: Clock, logger: Logger): ServiceSettings {
  return buildOptions(config, { clock, net: systemNet(), logger });
}

/** Path of the store's file; undefined for a store without one. */
export function storePathOf({ store }: Config): string | undefined {
  return store?.type === "memory" ? undefined : (store?.path ?? DEFAULT_STORE.path);
}

/** The store's file of a configuration that was named. Without one, a service's address must not depend on secrets being at hand. */
export function namedStorePath(config: string | undefined, context: CliContext): string | undefined {
  return config === undefined ? undefined : storePathOf(readConfig(config, context).config);
}
