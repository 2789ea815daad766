import { constants, getPriority, setPriority } from 'node:os'

const { PRIORITY_BELOW_NORMAL } = constants.priority

/**
 * Gives the processor to requests first: those of an API process on the same machine, and of its database. On Linux this
 * holds for the thread that calls it and those that it starts, elsewhere for the process.
 */
export function yieldToRequests(): void {
  // A process that was started at a lower one may not raise it.
  if (getPriority() < PRIORITY_BELOW_NORMAL) setPriority(PRIORITY_BELOW_NORMAL)
}
