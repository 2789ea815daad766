import { constants, getPriority, setPriority } from 'node:os'

const { PRIORITY_BELOW_NORMAL } = constants.priority

/** The operating system's priority of the calling process, on Linux of the calling thread. Replaced in tests. */
export interface SystemPriority {
  get(): number
  /** @throws Error when the process lacks the permission to raise it */
  set(priority: number): void
}

export const ownPriority: SystemPriority = {
  get: () => getPriority(),
  set: (priority) => setPriority(priority),
}

/**
 * Lowers the priority, so that the event loop of an API process and the database come first. A process that was started at
 * a lower priority keeps it.
 * @returns whether the priority was lowered
 */
export function lowerPriority(priority = ownPriority): boolean {
  if (priority.get() >= PRIORITY_BELOW_NORMAL) return false
  priority.set(PRIORITY_BELOW_NORMAL)
  return true
}
