/** The client of the HTTP API as commands use it: what goes wrong is one clear line. */
import { createClient, ClientError, type Client } from "../client/index.ts";
import { RingfirstError } from "../errors.ts";
import type { ServiceAddress } from "./service-address.ts";

const TIMEOUT_MS = 10_000;

/** Calls the service. @throws RingfirstError `RF_NO_SERVICE` where it does not answer, or lets nobody in */
export async function askService<Answer>(
  address: ServiceAddress,
  ask: (client: Client) => Promise<Answer>,
): Promise<Answer> {
  try {
    return await ask(createClient({ ...address, timeoutMs: TIMEOUT_MS }));
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    const { status, message } = error;
    const options = { cause: error, retryable: status === 0 || status >= 500 };
    throw new RingfirstError(
      "RF_NO_SERVICE",
      `${status === 0 ? "" : `${address.url} answered ${status}: `}${message}`,
      options,
    );
  }
}
