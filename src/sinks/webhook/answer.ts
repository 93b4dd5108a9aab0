/**
 * What a receiver's answer means. Standard Webhooks leaves most of it to the sender; here:
 *
 * | answer | outcome | why |
 * |---|---|---|
 * | 2xx | ack | the receiver has it |
 * | 408, 425, 429, 5xx, no answer | retry | passing trouble; `Retry-After` is honoured, up to an hour |
 * | 410 | dead | "gone": the receiver wants no more (the standard's own word) |
 * | 413 | dead | this event will never be small enough |
 * | 3xx | retry | redirects are never followed: they could lead inside; the operator corrects the URL |
 * | other 4xx | retry | mostly a wrong key, path or rule at the receiver; somebody corrects it while attempts last |
 *
 * The body is never shown: it is foreign text, and may hold what was sent.
 */
import { oneLine } from "../../core/cause.ts";
import type { Outcome } from "../../core/outcome.ts";
import { ACK, dead, retry } from "../../core/outcome.ts";
import { parseRetryAfter } from "../../core/retry-after.ts";
import type { HttpFailure, HttpResponse } from "../../ports/net.ts";

/** A longer wait asked for is cut to this, in milliseconds: a typo there must not silence a sink for a year. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/** The outcome of one request. `now` (epoch milliseconds) is for `Retry-After` dates. */
export function toDeliveryOutcome(answer: HttpResponse | HttpFailure, timeoutMs: number, now: number): Outcome {
  if (answer.ok)
    return byStatus(answer.status, parseRetryAfter(answer.headers["retry-after"], now, MAX_RETRY_AFTER_MS));
  // The head has said it; an endless or broken body changes nothing.
  if (answer.status !== undefined) return byStatus(answer.status, undefined);
  return retry(failureCause(answer, timeoutMs));
}

function byStatus(status: number, retryAfterMs: number | undefined): Outcome {
  if (status >= 200 && status < 300) return ACK;
  const said = `the receiver answered ${status}`;
  if (status === 410) return dead(`${said} (gone): it wants no more events`);
  if (status === 413) return dead(`${said}: the event is too large for it`);
  if (status >= 300 && status < 400) return retry(`${said}: redirects are not followed, set url to the final address`);
  if (status === 401 || status === 403) return retry(`${said}: check secret and headers`, retryAfterMs);
  if (status === 404 || status === 405) return retry(`${said}: check url`, retryAfterMs);
  return retry(said, retryAfterMs);
}

function failureCause({ reason, message }: HttpFailure, timeoutMs: number): string {
  switch (reason) {
    case "timeout":
      return `no answer within ${timeoutMs} ms`;
    case "aborted":
      return "given up before an answer came";
    case "refused":
      return "the receiver refuses connections";
    case "dns":
      return "the receiver's name can't be resolved";
    case "forbidden-address":
      return "the receiver's address is private; allowPrivate must list it";
    case "too-large":
      return "the receiver's answer is too large";
    case "tls":
    case "reset":
    case "other":
      return oneLine(`${reason}: ${message}`);
  }
}
