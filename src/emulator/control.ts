/** The control room under `/_emulator/`, open to this machine only. */
import { RingfirstError } from "../errors.ts";
import type { Answer, ApiRequest } from "./answer.ts";
import { asObject, decodeJson, ok } from "./answer.ts";
import type { Faults } from "./faults.ts";
import type { FaultRequest } from "./fault-check.ts";
import { listFaults } from "./fault-check.ts";
import type { LedgerPage } from "./ledger.ts";
import type { StaffOutcome } from "./staff.ts";
import type { Scenarios } from "./scenarios.ts";
import type { UserLogin } from "./user-login.ts";

/** What the control room steers. */
export interface ControlContext {
  readonly emit: (frames: unknown) => readonly number[];
  readonly faults: Faults;
  readonly ledger: (after: number, limit: number) => LedgerPage;
  readonly changeStaff: (change: unknown) => StaffOutcome;
  readonly login: (user: unknown) => UserLogin;
  readonly reset: () => void;
  readonly setTraffic: (running: boolean) => void;
  readonly scenarios: Scenarios;
  readonly state: () => Readonly<Record<string, unknown>>;
}

/** Where the control room is. */
export const CONTROL_PREFIX = "/_emulator/";
/** Bytes that a request to it may have: whole recordings are emitted at once. */
export const CONTROL_BYTES = 67_108_864;
const MAX_PAGE = 50_000;

/** Answers a request under `/_emulator/`. */
export function answerControl(context: ControlContext, request: ApiRequest, fromLoopback: boolean): Answer {
  if (!fromLoopback || isForeignPage(request)) return problem(403, "The control room is open to this machine only.");
  try {
    return route(context, request);
  } catch (error) {
    if (error instanceof RingfirstError) return problem(400, error.message);
    throw error;
  }
}

function route(context: ControlContext, request: ApiRequest): Answer {
  const call = `${request.method === "HEAD" ? "GET" : request.method} ${request.path.slice(CONTROL_PREFIX.length)}`;
  switch (call) {
    case "POST emit":
      return withJson(request, (value) => ok({ accepted: context.emit(value) }));
    case "POST staff":
      return withJson(request, (value) => ok(context.changeStaff(value)));
    case "POST faults":
      return withJson(request, (value) => {
        const list = (Array.isArray(value) ? value : [value]).map((item) => (asObject(item) ?? {}) as FaultRequest);
        return ok({ injected: list.map((item) => context.faults.inject(item)) });
      });
    case "GET faults":
      return ok({ faults: listFaults(), active: context.faults.active() });
    case "DELETE faults":
      context.faults.clear();
      return ok({ active: [] });
    case "POST scenario":
      return withJson(request, (value) => ok(context.scenarios.set(value)));
    case "GET scenario":
      return ok(context.scenarios.state() ?? { state: "none" });
    case "DELETE scenario":
      context.scenarios.stop();
      return ok(context.scenarios.state() ?? { state: "none" });
    case "GET ledger":
      return answerLedger(context, request);
    case "POST traffic":
      return withJson(request, (value) => {
        const running = asObject(value)?.["running"];
        if (typeof running !== "boolean")
          return problem(400, 'The body must be {"running": true} or {"running": false}.');
        context.setTraffic(running);
        return ok({ running });
      });
    case "POST login":
      return withJson({ ...request, body: request.body || "{}" }, (value) => {
        return ok(context.login(asObject(value)?.["user"]));
      });
    case "POST reset":
      context.reset();
      return ok({ reset: true });
    case "GET state":
    case "GET ":
      return ok(context.state());
    default:
      return problem(
        404,
        `No such call: ${call}. There are: emit, faults, ledger, login, reset, scenario, staff, state, traffic.`,
      );
  }
}

function answerLedger(context: ControlContext, request: ApiRequest): Answer {
  const after = Number(request.query.get("after") ?? "0");
  const limit = Number(request.query.get("limit") ?? "1000");
  if (!Number.isInteger(after) || after < 0) return problem(400, "after must be a whole number of at least 0");
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE)
    return problem(400, `limit must be a whole number from 1 to ${MAX_PAGE}`);
  return ok(context.ledger(after, limit));
}

function withJson(request: ApiRequest, use: (value: unknown) => Answer): Answer {
  const json = decodeJson(request.body);
  return json === undefined ? problem(400, "The body is not JSON.") : use(json.value);
}

function problem(status: number, error: string): Answer {
  return { status, json: { error } };
}

/** A page of another origin in a browser on this machine must not steer the emulator, nor one whose name was rebound to it. */
function isForeignPage(request: ApiRequest): boolean {
  const host = String(request.headers["host"] ?? "");
  if (!LOOPBACK_HOST.test(host)) return true;
  const origin = request.headers["origin"];
  if (origin === undefined) return false;
  return !URL.canParse(String(origin)) || new URL(String(origin)).host !== host;
}

const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/iu;
