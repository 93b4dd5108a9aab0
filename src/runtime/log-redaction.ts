/**
 * The last look at what is about to be logged. No caller puts a secret into a log line (P9); this is the second defence.
 *
 *  R1 A field whose name says that it is a secret is replaced, at any depth.
 *  R2 Text that carries one (a query, an Authorization value, the path of a socket URL) is cut at that place.
 *  R3 Text is one line and harmless to terminals: no control or format characters.
 *  R4 What is logged has a bound: depth, entries and length; a cycle, a getter that throws, or a BigInt does no harm.
 */
import type { LogFields } from "../ports/logger.ts";

const REDACTED = "[redacted]";
const MAX_DEPTH = 6;
const MAX_ENTRIES = 100;
const MAX_TEXT = 2_000;

/** Names without case, hyphens and underscores: `client_secret`, `accessToken`, `Set-Cookie`, `connectUri`. */
const SECRET_NAME =
  /(?:token|secret|password|passwd|passphrase|authorization|cookie|apikey|signingkey|privatekey|webhookkey|credential|connecturi)s?$/u;
const SECRET_PARAMETER =
  /\b(access_token|refresh_token|id_token|token|client_secret|secret|password|api_key|signature)(=|%3D)[^\s&"'<>]+/giu;
const AUTHORIZATION = /\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/giu;
/** Of a socket URL the path is a capability (`/channels/…`); of a webhook key the text after `whsec_`. */
const SOCKET_PATH = /\b(wss?:\/\/[^\s/?#"']+)[/?#][^\s"'<>]*/giu;
const WEBHOOK_KEY = /\bwhsec_[\w+/=-]+/gu;
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu;

/** Fields as they may be written. */
export function redactFields(fields: LogFields): Record<string, unknown> {
  return redactEntries(fields, 0, new Set());
}

/** A text as it may be written: one line, without secrets (R2, R3). */
export function redactText(text: string): string {
  const cut = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
  return cut
    .replace(UNPRINTABLE, " ")
    .replace(SECRET_PARAMETER, `$1$2${REDACTED}`)
    .replace(AUTHORIZATION, `$1 ${REDACTED}`)
    .replace(SOCKET_PATH, `$1/${REDACTED}`)
    .replace(WEBHOOK_KEY, `whsec_${REDACTED}`);
}

/** Whether a field of this name holds a secret (R1). */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name.replace(/[-_]/gu, "").toLowerCase());
}

function redactEntries(value: object, depth: number, above: Set<object>): Record<string, unknown> {
  above.add(value);
  const names = Object.keys(value);
  const entries = names.slice(0, MAX_ENTRIES).map((name): [string, unknown] => {
    const held = read(value, name);
    // A flag under such a name tells nothing; everything else goes.
    const telling = typeof held !== "boolean" && held !== undefined && held !== null;
    return [redactText(name), telling && isSecretName(name) ? REDACTED : redactValue(held, depth + 1, above)];
  });
  if (names.length > MAX_ENTRIES) entries.push(["…", `${names.length - MAX_ENTRIES} more`]);
  above.delete(value);
  // Not by assignment: a field may be named `__proto__`.
  return Object.fromEntries(entries);
}

function redactValue(value: unknown, depth: number, above: Set<object>): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "function" || typeof value === "symbol") return `[${typeof value}]`;
  if (typeof value !== "object" || value === null) return value;
  if (depth > MAX_DEPTH) return "[deeper]";
  if (above.has(value)) return "[circular]";
  if (value instanceof Error) return redactError(value, depth, above);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof URL) return redactText(value.href);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "[invalid date]" : value.toISOString();
  if (Array.isArray(value)) return redactArray(value, depth, above);
  return redactEntries(value, depth, above);
}

function redactArray(values: readonly unknown[], depth: number, above: Set<object>): unknown[] {
  above.add(values);
  const result = values.slice(0, MAX_ENTRIES).map((entry) => redactValue(entry, depth + 1, above));
  if (values.length > MAX_ENTRIES) result.push(`… ${values.length - MAX_ENTRIES} more`);
  above.delete(values);
  return result;
}

function redactError(error: Error, depth: number, above: Set<object>): Record<string, unknown> {
  above.add(error);
  const code = read(error, "code");
  const result = {
    name: redactText(error.name),
    ...(typeof code === "string" ? { code: redactText(code) } : {}),
    message: redactText(error.message),
    ...(error.cause === undefined ? {} : { cause: redactValue(error.cause, depth + 1, above) }),
  };
  above.delete(error);
  return result;
}

function read(value: object, name: string): unknown {
  try {
    return (value as Readonly<Record<string, unknown>>)[name];
  } catch {
    return "[unreadable]";
  }
}
