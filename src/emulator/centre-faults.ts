/** What each fault does that acts on no socket, request or frame, but on the centre. */
import type { Channels } from "./channels.ts";
import { numberOf } from "./fault-check.ts";
import type { CentreFaultAction } from "./faults.ts";
import type { Tokens } from "./oauth.ts";
import type { Permissions } from "./permissions.ts";

/** What centre faults act on. */
export interface CentreFaultContext {
  readonly channels: Channels;
  readonly tokens: Tokens;
  readonly permissions: Permissions;
  /** Lets the states that REST gives stand still; the function lets them move on. */
  readonly freeze: () => () => void;
}

/** Nobody is told where these channels are. */
const NOWHERE = "ws://127.0.0.1:9";

/** Makes the action for {@link Faults}. */
export function createCentreFaults(context: CentreFaultContext): CentreFaultAction {
  return (name, request) => {
    if (name === "permissions_removed") return context.permissions.remove(request["permissions"] as readonly string[]);
    if (name === "stale-rest") return context.freeze();
    return makeForeign(context, numberOf(request, "channels", 1), request["connected"] === true);
  };
}

/** Another instance logs in with the same client and makes channels. */
function makeForeign({ channels, tokens }: CentreFaultContext, count: number, isHeld: boolean): () => void {
  const token = tokens.issue();
  const made = Array.from({ length: count }, () => channels.create(token, NOWHERE, isHeld));
  return () => {
    for (const channel of made) channels.end(channel, "expired");
  };
}
