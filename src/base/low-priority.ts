import { constants, getPriority, setPriority } from 'node:os'

const { PRIORITY_BELOW_NORMAL } = constants.priority

/**
 * The priority of the calling process in the operating system, on Linux that of the calling thread. Tests replace it.
 */
interface SystemPriority {
  get(): number
  /** @throws Error if the process has no permission to raise it */
  set(priority: number): void
}

export const ownPriority: SystemPriority = {
  get: () => getPriority(),
  set: (priority) => setPriority(priority),
}

/**
 * Lowers the priority, so that the event loop of an API process and the database come first. Keeps a lower priority
 * that the process already has.
 * @returns whether the priority was lowered
 */
export function lowerPriority(priority = ownPriority): boolean {
  if (priority.get() >= PRIORITY_BELOW_NORMAL) return false
  priority.set(PRIORITY_BELOW_NORMAL)
  return true
}
