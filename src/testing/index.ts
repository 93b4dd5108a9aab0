/** `ringfirst/testing`: for tests of what is built on ringfirst, and of stores that others write. */
export { createFakeClock } from "./fake-clock.ts";
export type { FakeClock } from "./fake-clock.ts";
export { storeConformance } from "./store-conformance.ts";
export type { StoreConformanceOptions } from "./store-conformance.ts";
