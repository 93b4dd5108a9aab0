/** The steady cycle: so many in, so many out, the depth stays. */

/** Events are taken in and given out by so many. */
export const BATCH = 64;
/** Events are made ready by so many: these stay in the processor's cache, as those fresh from a socket do. */
export const PORTION: number = 32 * BATCH;
/** In one round. */
export const CYCLES: number = 60 * PORTION;
