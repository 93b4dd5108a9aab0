/** Logging in, and what a refusal means. The secret and the token are in no text. */
import { oneLine } from "../../core/cause.ts";
import type { TokenResult } from "../../oauth/token.ts";
import { duration } from "../text.ts";
import { CLIENT_PLACE } from "./admin-words.ts";
import type { Tell } from "./finding.ts";

/** With a shorter life everything moves to new channels too often. */
const SHORT_LIFE_MS = 3_600_000;

/** Where people look for the client; differs between the wires. */
export interface LoginPlace {
  readonly client: string;
  /** What decides where the login goes. */
  readonly region: string;
}

/** The admin screens of Genesys Cloud. */
export function genesysPlace(region: string): LoginPlace {
  return { client: CLIENT_PLACE, region };
}

/** Tells what came of the login; true where there is a token. */
export function tellCredentials(result: TokenResult, now: number, place: LoginPlace, tell: Tell): boolean {
  switch (result.kind) {
    case "granted":
      tellLife(result.token.expiresAt - now, place, tell);
      return true;
    case "failed":
      tell("credentials", "problem", `not known yet: ${oneLine(result.reason)}`, {
        todo: [
          result.retryAfterMs === undefined
            ? "try again; when it stays so, look at the platform's status page"
            : `try again in ${duration(result.retryAfterMs)}: too many logins of this client in a short time`,
        ],
      });
      return false;
    case "refused":
      tell("credentials", "problem", refusalText(result.status, result.reason), {
        todo: refusalSteps(result.status, place),
        details: { status: result.status },
      });
      return false;
  }
}

function tellLife(lifeMs: number, place: LoginPlace, tell: Tell): void {
  const details = { tokenLifeS: Math.round(lifeMs / 1_000) };
  if (lifeMs >= SHORT_LIFE_MS) tell("credentials", "ok", `logged in; a token lives ${duration(lifeMs)}`, { details });
  else {
    tell(
      "credentials",
      "warning",
      `logged in; a token lives only ${duration(lifeMs)}, and everything moves to new channels as often`,
      {
        todo: [`${place.client} > Token Duration: 86400 seconds is usual`],
        details,
      },
    );
  }
}

function refusalText(status: number, reason: string): string {
  switch (status) {
    case 400:
      return "the login answered 400: it knows no client with this id";
    case 401:
      return "the login answered 401: the client is known, the secret is wrong";
    case 403:
      return "the login answered 403: the client may not log in like this";
    default:
      return oneLine(reason);
  }
}

function refusalSteps(status: number, { client, region }: LoginPlace): readonly string[] {
  switch (status) {
    case 400:
      return [
        `compare clientId with ${client} > Client ID`,
        `compare the region (${region}) with the address that you log in at: a client of another region is unknown here`,
      ];
    case 401:
      return [
        `copy the secret again from ${client} > Client Secret, without blanks; where it was regenerated, the old one is void`,
      ];
    case 403:
      return [`${client}: Grant Type must be Client Credentials, and at least one role must be ticked under Roles`];
    default:
      return [`look at the region (${region}) and at ${client}`];
  }
}
