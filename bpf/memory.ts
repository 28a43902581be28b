// For a service that runs on every host: less memory, for a little more work.

import { native } from './native.ts';

/** Has malloc give freed buffers back to the system. Call it early: what is allocated stays where it is. @throws {CaptureError} ADDON_MISSING */
export function keepMemorySmall(): void {
  native().tuneMalloc();
}
