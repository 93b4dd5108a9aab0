/** What is wrong between the service and the world at the moment; faults change it, the models look at it. */

/** How requests to one host fare. */
export interface HostWeather {
  /** Answered so, whatever is asked. */
  status: number | undefined;
  retryAfterS: number | undefined;
  /** No answer comes: before the request arrives, or after it was carried out. */
  loses: "request" | "answer" | undefined;
  refuses: boolean;
  /** Each way takes so much longer. */
  slowMs: number;
}

/** All of it. */
export interface Weather {
  readonly login: HostWeather;
  readonly api: HostWeather;
  readonly upgrade: HostWeather;
  /** Frames take up to so much longer. */
  frameDelayMs: number;
}

/** A fine day. */
export function createWeather(): Weather {
  const fine = (): HostWeather => ({
    status: undefined,
    retryAfterS: undefined,
    loses: undefined,
    refuses: false,
    slowMs: 0,
  });
  return { login: fine(), api: fine(), upgrade: fine(), frameDelayMs: 0 };
}

/** The sky clears. */
export function clear(weather: Weather): void {
  for (const host of [weather.login, weather.api, weather.upgrade]) {
    Object.assign(host, { status: undefined, retryAfterS: undefined, loses: undefined, refuses: false, slowMs: 0 });
  }
  weather.frameDelayMs = 0;
}
