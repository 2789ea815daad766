import { readdir } from 'node:fs/promises'
import { constants, getPriority, setPriority } from 'node:os'

const { PRIORITY_NORMAL, PRIORITY_BELOW_NORMAL, PRIORITY_LOW } = constants.priority

/**
 * Of trainings and other long work. On Linux the lowest, because a thread that wakes up may otherwise wait some milliseconds
 * for one that computes. Elsewhere it is that of the whole process.
 */
export const lowPriority = process.platform === 'linux' ? PRIORITY_LOW : PRIORITY_BELOW_NORMAL

/** After the event loops and the database, before trainings and other long work. */
export const middlePriority = (PRIORITY_NORMAL + PRIORITY_BELOW_NORMAL) / 2

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
export function lowerPriority(system = ownPriority, priority = lowPriority): boolean {
  if (system.get() >= priority) return false
  system.set(priority)
  return true
}

/**
 * Lowers the priority of the threads in which V8 and libuv collect garbage, compile, and access files for all
 * threads of this process. Otherwise the work of computing threads would delay the event loop there. Call it before
 * the process starts other threads. Only Linux has priorities of threads.
 */
export async function lowerHelperThreads(priority = middlePriority): Promise<void> {
  if (process.platform !== 'linux') return
  // libuv starts its threads at the first asynchronous read.
  for (const name of await readdir('/proc/self/task')) {
    const thread = Number(name)
    if (thread !== process.pid && getPriority(thread) < priority) setPriority(thread, priority)
  }
}
