/** A source of the platform-websocket wire: hosts, clock, login; the socket only where something may be opened. */
import type { PlatformWebsocketSourceConfig } from "../../config/config.ts";
import { createTokenSource, type Token } from "../../oauth/token.ts";
import { type Endpoints, resolveEndpoints, socketUrl } from "../../sources/platform-websocket/endpoints.ts";
import { FEEDS, TOKEN_PATH } from "../../wire/platform-websocket.ts";
import { resolveRegion } from "../../wire/regions.ts";
import { duration } from "../text.ts";
import { tellCredentials } from "./credentials.ts";
import type { Tell } from "./finding.ts";
import type { ExamContext } from "./genesys.ts";
import { probe, tellClock, tellHosts } from "./reach.ts";
import { describeEnd, trySocket } from "./socket-trial.ts";
import { createWitness } from "./witness.ts";

const SCOPES = FEEDS.map(({ topic, scope }) => `${scope} for ${topic}`).join(", ");

/** Looks at it; answers how many requests that took. */
export async function examinePlatformWebsocket(
  source: PlatformWebsocketSourceConfig,
  { clock, net, connect }: ExamContext,
  tell: Tell,
): Promise<number> {
  const { name, region, clientId, clientSecret, endpoints: given = {} } = source;
  const endpoints = resolveEndpoints(`source ${name}`, region, {
    ...(given.api === undefined ? {} : { api: given.api }),
    ...(given.socket === undefined ? {} : { socket: given.socket }),
  });
  const { awsRegion } = resolveRegion(region);
  tell(
    "region",
    "ok",
    given.api === undefined ? awsRegion : `${awsRegion}; endpoints are given: ${new URL(endpoints.api).host}`,
  );
  const witness = createWitness(net, clock);
  const addresses = [endpoints.api, endpoints.socket.replace(/^ws/u, "http")];
  await probe(addresses, witness);
  const dead = tellHosts(addresses, witness, tell);
  const url = `${endpoints.api}${TOKEN_PATH}`;
  const tokens = createTokenSource({ url, style: "body", clientId, clientSecret, clock, net: witness.net });
  const result = !dead.includes(new URL(endpoints.api).host) ? await tokens.get() : undefined;
  tellClock(witness, tell);
  if (result === undefined) tell("credentials", "unchecked", "the login was not reached");
  const place = { client: "your client's page at the provider", region: awsRegion };
  const mayAsk = result !== undefined && tellCredentials(result, clock.now(), place, tell);
  if (!mayAsk || result.kind !== "granted") tell("socket", "unchecked", "without a login no socket opens");
  else if (connect) await trial(endpoints, result.token, { clock, net, connect }, tell);
  else tell("socket", "unchecked", "not opened: that is done only when it is asked for (--connect)");
  tell(
    "scopes",
    "unchecked",
    `this wire has no list of what the client may see, and no channels to count; it needs ${SCOPES}`,
  );
  return witness.requests();
}

async function trial(endpoints: Endpoints, { value }: Token, { net, clock }: ExamContext, tell: Tell): Promise<void> {
  const came = await trySocket(socketUrl(endpoints, value), net, clock);
  if (came.kind === "opened") {
    tell("socket", "ok", `opened in ${duration(came.openedMs)}, and closed again`);
    return;
  }
  const { end } = came;
  const lacksScope = end.kind === "refused" && end.status === 403;
  tell("socket", "problem", `no socket: ${describeEnd(end)}${lacksScope ? ": the client lacks a scope" : ""}`, {
    todo: lacksScope
      ? [`give the client the scopes that it needs: ${SCOPES}`]
      : ["let this machine open WebSockets to that host; a proxy must let the upgrade through"],
  });
}
