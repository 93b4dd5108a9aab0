/**
 * Answers of the HTTP server: every one is made here, so every one carries the same security headers and every error the
 * same shape, `{ "error": { "code", "message" } }`.
 */
import type { ApiErrorCode } from "../client/types.ts";

/** Sent with every answer: nothing is cached, sniffed, framed or run, and no address leaks by `Referer`. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

/** An answer in JSON. */
export function jsonAnswer(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  return textAnswer(status, `${JSON.stringify(body)}\n`, "application/json; charset=utf-8", headers);
}

/** An answer in another text format. */
export function textAnswer(
  status: number,
  text: string,
  contentType: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(text, { status, headers: { ...SECURITY_HEADERS, "content-type": contentType, ...headers } });
}

/** An error in JSON. `message` is for people: what was found, what is allowed; never a secret. */
export function errorAnswer(
  status: number,
  code: ApiErrorCode,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return jsonAnswer(status, { error: { code, message } }, headers);
}

/** `Retry-After` in whole seconds, at least one. */
export function retryAfter(ms: number): Readonly<Record<string, string>> {
  return { "retry-after": String(Math.max(1, Math.ceil(ms / 1_000))) };
}
