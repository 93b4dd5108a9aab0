/** What the source says to people: one line each, and never with a secret, an address with a token, or a raw answer in it. */
import { oneLine, plainWords } from "../../core/cause.ts";
import { FEEDS } from "../../wire/platform-websocket.ts";
import type { ConnectionEnd } from "./connection.ts";

const MAX_FOREIGN_CHARACTERS = 120;

/** Takes secrets out of text that came from outside, makes it one line and cuts it. */
export type Scrub = (text: string) => string;

/** A scrubber for secrets that change; `secrets` is asked each time. */
export function createScrub(secrets: () => readonly string[]): Scrub {
  return (text) => {
    let clean = text;
    for (const secret of secrets()) {
      if (secret === "") continue;
      clean = clean.replaceAll(secret, "[redacted]").replaceAll(encodeURIComponent(secret), "[redacted]");
    }
    return oneLine(clean).slice(0, MAX_FOREIGN_CHARACTERS);
  };
}

/** How a connection ended, in words. */
export function describeEnd(end: ConnectionEnd, scrub: Scrub): string {
  switch (end.kind) {
    case "refused":
      return `the socket was refused with status ${end.status}`;
    case "failed":
      return `the socket could not be opened: ${scrub(end.message)}`;
    case "dead":
      return `nothing came for ${Math.round(end.silentMs / 1_000)} s, not even a pong: the link was cut`;
    case "closed": {
      const said = plainWords(scrub(end.reason));
      const why = said === "" ? "" : `, "${said}"`;
      return end.code === 1006 ? "the socket was cut (1006)" : `the socket was closed (${end.code}${why})`;
    }
  }
}

/** What a 403 means: which feed needs which scope; only those that the answer names, where it names any. */
export function describeForbidden(body: string): string {
  const named = FEEDS.filter(({ scope }) => body.includes(scope));
  const needs = (named.length === 0 ? FEEDS : named).map(({ topic, scope }) => `${topic} needs ${scope}`).join(", ");
  return `the socket was refused (403): the OAuth client lacks a scope; ${needs}. Add it to the client's roles`;
}

/** What a 401 on the socket means. */
export const UNAUTHORIZED = "the socket was refused (401): the token is not accepted";
