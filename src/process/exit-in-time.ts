/** Ends a process that has received a signal to stop. */
import type { Logger } from 'pino'

/** Less than the ten seconds that supervisors usually allow. */
const longestStopMilliseconds = 9_000

/**
 * Ends this process in time, even if a part hangs, mostly because the database is unreachable. Jobs that could not be
 * released then are released for lack of heartbeats.
 */
export function exitInTime(log: Pick<Logger, 'warn'>): void {
  setTimeout(() => {
    log.warn('stopping took too long; the reconciler releases the remaining jobs')
    process.exit(0)
  }, longestStopMilliseconds).unref()
}
