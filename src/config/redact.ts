/** A configuration that may be shown: `config print`. */
import type { Config } from "./config.ts";
import { isSecretName } from "./shape.ts";

const HIDDEN = "***";

/** A copy in which secrets, header values and all of a webhook's address but its host are hidden. */
export function redactConfig(config: Config): unknown {
  return redacted(config, "");
}

function redacted(value: unknown, name: string): unknown {
  if (value === undefined || value === null) return value;
  if (name === "headers" && typeof value === "object") {
    return Object.fromEntries(Object.keys(value).map((header) => [header, HIDDEN]));
  }
  if (isSecretName(name)) return Array.isArray(value) ? value.map(() => HIDDEN) : HIDDEN;
  if (name === "url" && typeof value === "string") return redactedUrl(value);
  if (Array.isArray(value)) return value.map((item) => redacted(item, name));
  if (typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([member, inner]) => [member, redacted(inner, member)]));
}

/** Webhook addresses carry keys in their paths. */
function redactedUrl(address: string): string {
  if (!URL.canParse(address)) return HIDDEN;
  const url = new URL(address);
  const isBare = url.pathname === "/" && url.search === "" && url.hash === "";
  return `${url.protocol}//${url.host}${isBare ? "" : `/${HIDDEN}`}`;
}
