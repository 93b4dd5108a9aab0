/** Standard Webhooks 1.0 signatures: HMAC-SHA256 over `id.timestamp.body`, one for each key, so that keys can be rotated. */
import { createHmac } from "node:crypto";
import { RingfirstError } from "../../errors.ts";

const PREFIX = "whsec_";
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;
/** Shorter keys can be guessed; the standard recommends 24 to 64 bytes. */
const MIN_BYTES = 16;

/** Signs one message: the value of `webhook-signature`. */
export type Signer = (id: string, timestamp: number, body: Uint8Array) => string;

/**
 * A signer for one or more keys (`whsec_` and base64).
 *
 * @throws RingfirstError `RF_OPTION_INVALID` for a key of another form; the message never shows the key
 */
export function createSigner(path: string, secrets: readonly string[]): Signer {
  const keys = secrets.map((secret, place) => parseKey(secrets.length === 1 ? path : `${path}[${place}]`, secret));
  return (id, timestamp, body) =>
    keys
      .map((key) => `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64")}`)
      .join(" ");
}

function parseKey(path: string, secret: string): Uint8Array {
  const encoded = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : undefined;
  const key = encoded !== undefined && BASE64.test(encoded) ? Buffer.from(encoded, "base64") : undefined;
  if (key !== undefined && key.length >= MIN_BYTES) return key;
  throw new RingfirstError(
    "RF_OPTION_INVALID",
    `${path}: "whsec_" followed by base64 of at least ${MIN_BYTES} bytes expected; make one with: ` +
      `node -p "'whsec_' + crypto.randomBytes(32).toString('base64')"`,
    { details: { path } },
  );
}
