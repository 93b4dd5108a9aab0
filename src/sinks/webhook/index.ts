/**
 * The webhook sink: one POST per event, a CloudEvents 1.0 document, signed as Standard Webhooks 1.0 says.
 *
 * - B1 No redirect is followed, and the address is judged at connect time (`address.ts`).
 * - B2 What the receiver says is judged by its status (`answer.ts`); of its body no more than a cap is read, none is shown.
 * - B3 No cause and no error holds the URL's path or query, a header's value or a key.
 */
import { CLOUD_EVENT_MEDIA_TYPE, toCloudEvent } from "../../core/cloud-event.ts";
import type { Outcome } from "../../core/outcome.ts";
import { RingfirstError } from "../../errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Net } from "../../ports/net.ts";
import type { Sink } from "../../ports/sink.ts";
import type { AddressFilter } from "./address.ts";
import { createAddressFilter, isLoopbackHost } from "./address.ts";
import { toDeliveryOutcome } from "./answer.ts";
import type { Signer } from "./signature.ts";
import { createSigner } from "./signature.ts";

/** What {@link webhookSink} takes. */
export interface WebhookSinkOptions {
  /** Unique among the sinks. */
  readonly name: string;
  /** `https:`; `http:` only to a loopback address that `allowPrivate` lists. No user-info. */
  readonly url: string;
  /** `whsec_…`, or several while keys are rotated: the receiver may check any. Without one, events go out unsigned. */
  readonly secret?: string | readonly string[];
  /** Private ranges or addresses that may be reached, as `10.20.0.0/16`. @defaultValue none */
  readonly allowPrivate?: readonly string[];
  /** Sent with each request, for example `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** For connecting and the whole answer, in milliseconds. @defaultValue `10_000` */
  readonly timeoutMs?: number;
  readonly net: Net;
  readonly clock: Clock;
}

/** Of an answer's body so much is read, then it is cut off. */
const MAX_ANSWER_BYTES = 65_536;
const DEFAULT_TIMEOUT_MS = 10_000;
const LONGEST_MS = 86_400_000;
/** Ours, or the connection's. */
const OWN_HEADERS =
  /^(?:webhook-.*|content-type|content-length|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|host)$/;
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const HEADER_VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;

/**
 * A sink that posts each event to a URL.
 *
 * Headers: `webhook-id` (equal across redeliveries: the receiver folds repeats by it), `webhook-timestamp` and
 * `webhook-signature`. Body: the CloudEvents document, as {@link CLOUD_EVENT_MEDIA_TYPE}. A `2xx` acknowledges; 410 and 413
 * make a dead letter; everything else is tried again, `Retry-After` honoured (up to an hour).
 *
 * @throws RingfirstError `RF_OPTION_INVALID`
 * @example
 * ```ts
 * import { systemClock, systemNet } from "ringfirst";
 * import { webhookSink } from "ringfirst/sinks/webhook";
 *
 * const crm = webhookSink({
 *   name: "crm",
 *   url: "https://crm.example.com/hooks/genesys",
 *   secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
 *   net: systemNet(),
 *   clock: systemClock(),
 * });
 * ```
 */
export function webhookSink(options: WebhookSinkOptions): Sink {
  const { name, net, clock } = options;
  const { url, headers, sign, allowAddress, timeoutMs } = resolveWebhook(options);
  return {
    name,
    type: "webhook",
    async deliver(event, { signal }): Promise<Outcome> {
      const body = toCloudEvent(event);
      const id = toHeaderText(event.id);
      const timestamp = Math.floor(clock.now() / 1_000);
      const answer = await net.request({
        method: "POST",
        url,
        headers: {
          ...headers,
          "webhook-id": id,
          "webhook-timestamp": String(timestamp),
          ...(sign === undefined ? {} : { "webhook-signature": sign(id, timestamp, body) }),
        },
        body,
        timeoutMs,
        maxBytes: MAX_ANSWER_BYTES,
        signal,
        allowAddress,
      });
      return toDeliveryOutcome(answer, timeoutMs, clock.now());
    },
    close: () => Promise.resolve(),
  };
}

interface ResolvedWebhook {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly sign: Signer | undefined;
  readonly allowAddress: AddressFilter;
  readonly timeoutMs: number;
}

function resolveWebhook(options: WebhookSinkOptions): ResolvedWebhook {
  const { name, secret, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const allowAddress = createAddressFilter(`sink ${name}: allowPrivate`, options.allowPrivate ?? []);
  const secrets = typeof secret === "string" ? [secret] : (secret ?? []);
  if (!(timeoutMs >= 1 && timeoutMs <= LONGEST_MS)) {
    throw invalid(name, "timeoutMs", `a number from 1 to ${LONGEST_MS} expected, found ${timeoutMs}`);
  }
  return {
    url: resolveUrl(name, options.url, allowAddress),
    headers: {
      "user-agent": "ringfirst",
      ...resolveHeaders(name, options.headers ?? {}),
      "content-type": CLOUD_EVENT_MEDIA_TYPE,
    },
    sign: secrets.length === 0 ? undefined : createSigner(`sink ${name}: secret`, secrets),
    allowAddress,
    timeoutMs,
  };
}

/** B3: a URL may hold a credential, so no message shows more of it than its scheme. */
function resolveUrl(name: string, text: string, allowAddress: AddressFilter): string {
  const url = URL.parse(text);
  if (url === null) throw invalid(name, "url", "an absolute URL expected");
  if (url.username !== "" || url.password !== "") {
    throw invalid(name, "url", "no user-info allowed; put credentials into headers or use secret");
  }
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (url.protocol === "http:") {
    const local = ["127.0.0.1", "::1"].some((address) => allowAddress(address));
    if (!isLoopbackHost(host) || !local) {
      throw invalid(name, "url", "https expected; plain http only to loopback, with allowPrivate listing it");
    }
  } else if (url.protocol !== "https:") {
    throw invalid(name, "url", `https expected, found ${url.protocol}`);
  }
  // Early word for what would be refused at each delivery; names are judged when they are resolved.
  if (isAddress(host) && !allowAddress(host)) {
    throw invalid(name, "url", "the address is private; allowPrivate must list it");
  }
  url.hash = "";
  return url.href;
}

/** What the URL parser leaves of a host that is a number: a dotted quad, or hexadecimal with colons. */
function isAddress(host: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(host) || host.includes(":");
}

function resolveHeaders(name: string, headers: Readonly<Record<string, string>>): Record<string, string> {
  const resolved: Record<string, string> = {};
  for (const [given, value] of Object.entries(headers)) {
    const header = given.toLowerCase();
    if (!HEADER_NAME.test(header)) throw invalid(name, "headers", `${JSON.stringify(given)} is no header name`);
    if (OWN_HEADERS.test(header)) throw invalid(name, "headers", `${header} is set by the sink`);
    if (!HEADER_VALUE.test(value)) throw invalid(name, "headers", `the value of ${header} holds a control character`);
    resolved[header] = value;
  }
  return resolved;
}

/** Ids come from outside; what no header may hold goes out as percent-encoded UTF-8. */
function toHeaderText(id: string): string {
  return /^[!-~]+$/.test(id) ? id : encodeURIComponent(id.toWellFormed());
}

function invalid(name: string, option: string, problem: string): RingfirstError {
  return new RingfirstError("RF_OPTION_INVALID", `sink ${name}: ${option}: ${problem}`, {
    details: { sink: name, option },
  });
}
