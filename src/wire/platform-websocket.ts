/**
 * The platform-websocket dialect: the simplified wire of a published tutorial. Literals and tables only.
 *
 * ```
 *  POST {api}/oauth/token            grant_type, client_id, client_secret in the form body
 *  {socket}/v2/platform/websocket    ?access_token=…      401: token bad or missing, 403: a scope is missing
 *  frames                            {"topic":"conversation:activity","data":{"conversationId":"…", …}}
 * ```
 * Nothing is subscribed: all frames flow to whoever may see them.
 */

/** Path of the token request. */
export const TOKEN_PATH = "/oauth/token";

/** Path of the socket. */
export const SOCKET_PATH = "/v2/platform/websocket";

/** Query parameter that carries the token. It makes the URL a secret. */
export const TOKEN_PARAMETER = "access_token";

/** Host of a region, for requests and sockets alike. */
export function regionHost(region: string): string {
  return `api.${region}.genesys.cloud`;
}

/** A stream of frames and the scope that the client needs to get it. */
export interface Feed {
  readonly topic: string;
  readonly scope: string;
}

/** The feeds whose scopes are known. */
export const FEEDS: readonly Feed[] = [
  { topic: "conversation:activity", scope: "conversation:read" },
  { topic: "routing:agent:status", scope: "routing:agent:read" },
  { topic: "presence:status", scope: "presence:read" },
];

/** Members of `data` that name the ordering key, best first. */
export const KEY_MEMBERS: readonly string[] = ["conversationId", "agentId", "userId"];
