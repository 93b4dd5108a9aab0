/** `ringfirst/testing`: for tests of what is built on ringfirst, and of stores, sinks and sources that others write. */
export { createFakeClock } from "./fake-clock.ts";
export type { FakeClock } from "./fake-clock.ts";
