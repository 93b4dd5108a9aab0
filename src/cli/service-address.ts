/** Finding the service that runs: what the command line says, then the environment, then the run file. */
import { RingfirstError } from "../errors.ts";
import type { CliContext } from "./context.ts";
import { readRunFile, runFilePath } from "./run-file.ts";

/** Where a service is, and what lets one in. */
export interface ServiceAddress {
  readonly url: string;
  readonly token: string;
}

/** The options of every command that talks to a running service. */
export interface AddressFlags {
  readonly url?: string;
  readonly token?: string;
}

/** The lines of help that explain it. */
export const ADDRESS_HELP = `The service is found by --url and --token, else RINGFIRST_URL and RINGFIRST_TOKEN, else by the file data/ringfirst.run.json
that serve writes here (beside its store, where it has one: then name the configuration with --config).`;

const DEFAULT_URL = "http://127.0.0.1:7470";

/**
 * The address; `storePath` is the store's file of the configuration that was named.
 *
 * @throws RingfirstError `RF_NO_SERVICE`, `RF_USAGE`
 */
export function findService(flags: AddressFlags, context: CliContext, storePath?: string): ServiceAddress {
  const url = given(flags.url) ?? given(context.env["RINGFIRST_URL"]);
  const token = given(flags.token) ?? given(context.env["RINGFIRST_TOKEN"]);
  if (token !== undefined) return { url: checkedUrl(url ?? DEFAULT_URL), token };
  const run = fromRunFile(context.cwd, storePath, url);
  if (url !== undefined && run.url !== trimmed(url)) {
    throw new RingfirstError("RF_NO_SERVICE", `no token for ${checkedUrl(url)}: give --token or RINGFIRST_TOKEN`);
  }
  return run;
}

/** What to type elsewhere to look into a service whose token stands in no run file. */
export function statusCommand({ url, token }: ServiceAddress): string {
  const where = trimmed(url) === DEFAULT_URL ? "" : ` --url ${trimmed(url)}`;
  return `ringfirst status --token ${token}${where}`;
}

function fromRunFile(cwd: string, storePath: string | undefined, url: string | undefined): ServiceAddress {
  const path = runFilePath(cwd, storePath);
  const state = readRunFile(path);
  switch (state.kind) {
    case "running":
      return { url: trimmed(state.run.url), token: state.run.token };
    case "stale":
      throw none(`the one that wrote ${path} (process ${state.run.pid}) has ended`);
    case "unreadable":
      throw none(`${path} can't be read: ${state.reason}`);
    case "none":
      throw none(
        url === undefined ? `there is no ${path}` : `no token for ${checkedUrl(url)}, and there is no ${path}`,
      );
  }
}

function none(why: string): RingfirstError {
  const advice = 'start one with "ringfirst serve", or name it with --url and --token';
  return new RingfirstError("RF_NO_SERVICE", `no running service found: ${why}; ${advice}`);
}

function checkedUrl(url: string): string {
  if (URL.canParse(url) && /^https?:$/u.test(new URL(url).protocol)) return trimmed(url);
  throw new RingfirstError(
    "RF_USAGE",
    `the URL of the service must look like ${DEFAULT_URL}, found ${JSON.stringify(url)}`,
  );
}

function trimmed(url: string): string {
  return url.replace(/\/+$/u, "");
}

function given(text: string | undefined): string | undefined {
  return text === undefined || text === "" ? undefined : text;
}
