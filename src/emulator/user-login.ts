/**
 * Tokens of users. Client credentials have no user behind them, and a client that runs for a person (the streaming client does) needs one; how
 * a person logs in is not played: the control room hands the token out.
 */
import { RingfirstError } from "../errors.ts";
import type { Directory, DirectoryUser } from "./directory.ts";
import type { Token } from "./oauth.ts";

/** The login of a user. */
export interface UserLogin {
  /** A bearer token. */
  readonly accessToken: string;
  /** Its life in seconds. */
  readonly expiresIn: number;
  readonly userId: string;
  /** The user's XMPP address. */
  readonly jabberId: string;
}

/** The domain of the users' XMPP addresses. */
export function jabberDomain({ organizationId }: Directory): string {
  return `${organizationId}.orgspan.example`;
}

/** A user's XMPP address. */
export function jabberId(directory: Directory, userId: string): string {
  return `${userId}@${jabberDomain(directory)}`;
}

/**
 * Logs a user in, by id or e-mail address; the first of the directory when none is named.
 *
 * @throws RingfirstError `RF_OPTION_INVALID` when there is no such user.
 */
export function loginUser(
  directory: Directory,
  wanted: unknown,
  issue: (userId: string) => Token,
  tokenLifeS: number,
): UserLogin {
  const user = findUser(directory, wanted);
  if (user === undefined)
    throw new RingfirstError("RF_OPTION_INVALID", `there is no user ${JSON.stringify(wanted) ?? ""} to log in`);
  const { value } = issue(user.id);
  return {
    accessToken: value,
    expiresIn: tokenLifeS,
    userId: user.id,
    jabberId: jabberId(directory, user.id),
  };
}

function findUser({ users, userById }: Directory, wanted: unknown): DirectoryUser | undefined {
  if (wanted === undefined) return users[0];
  if (typeof wanted !== "string") return undefined;
  return userById.get(wanted) ?? users.find(({ email }) => email.toLowerCase() === wanted.toLowerCase());
}
