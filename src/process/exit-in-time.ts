/** The end of a process that was asked to stop. */
import type { Logger } from 'pino'

/** Within the ten seconds that supervisors usually allow. */
const longestStopMilliseconds = 9_000

/**
 * Ends this process in time although something that it waits for hangs, most often a database that is away. What could not
 * be handed back then is found by its silence.
 */
export function exitInTime(log: Pick<Logger, 'warn'>): void {
  setTimeout(() => {
    log.warn('stopping took too long; what was not handed back will be found')
    process.exit(0)
  }, longestStopMilliseconds).unref()
}
