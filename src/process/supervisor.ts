/** Supervises the processes of an all-in-one service: restarts those that die, and stops all of them at the end. */
import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../store/embedded-postgres.js'

const graceMilliseconds = 6_000
const longestPauseMilliseconds = 10_000
/** A worker that lived this long is restarted at once. */
const healthyMilliseconds = 10_000

export interface Supervisor {
  /** Resolves when the first worker takes jobs. */
  ready: Promise<void>
  stop(): Promise<void>
}

/** @param databaseUrl may resolve later, because the worker loads its program meanwhile */
export function superviseWorker(
  environment: NodeJS.ProcessEnv,
  databaseUrl: Promise<string>,
  log: Logger,
  onDeath: (workerId: string) => Promise<void>,
): Supervisor {
  let stopping = false
  let failures = 0
  let worker: ChildProcess | undefined
  let restart: NodeJS.Timeout | undefined
  let announceReady: () => void = () => {}
  const ready = new Promise<void>((resolve) => {
    announceReady = resolve
  })

  function start(): void {
    const workerId = `worker_${randomBytes(8).toString('hex')}`
    const startedAt = Date.now()
    const child = fork(fileURLToPath(new URL('../../workers/main.js', import.meta.url)), {
      env: { ...environment, DATABASE_URL: '', WORKER_ID: workerId },
    })
    worker = child
    databaseUrl.then(
      (url) => child.connected && child.send(url),
      // The caller that awaits the database gets the error, and ends this process.
      () => {},
    )
    child.on('message', () => announceReady())
    child.on('error', (error) => log.error({ err: error }, 'worker process'))
    child.once('exit', (code, signal) => {
      worker = undefined
      if (stopping) return
      failures = Date.now() - startedAt > healthyMilliseconds ? 0 : failures + 1
      const pause = failures === 0 ? 0 : Math.min(250 * 2 ** (failures - 1), longestPauseMilliseconds)
      log.error({ workerId, code, signal, pause }, 'the worker process died; starting another')
      onDeath(workerId).catch((error) =>
        log.error({ err: error }, 'could not release the jobs of the dead worker'),
      )
      restart = setTimeout(start, pause)
    })
  }

  start()
  return {
    ready,
    async stop() {
      stopping = true
      clearTimeout(restart)
      if (worker === undefined) return
      const exited = once(worker, 'exit')
      worker.kill('SIGTERM')
      const giveUp = setTimeout(() => worker?.kill('SIGKILL'), graceMilliseconds)
      await exited
      clearTimeout(giveUp)
    },
  }
}

const postgresAttempts = 10

/**
 * Restarts an embedded PostgreSQL that dies, at the same address. Clients reconnect. Calls `onGiveUp` if a restart
 * fails.
 */
export async function keepPostgres(
  directory: string,
  log: Logger,
  onGiveUp: () => void,
): Promise<Pick<EmbeddedPostgres, 'connectionString' | 'stop'> & { pid(): number }> {
  let stopping = false
  let current = await start()
  const { connectionString } = current
  const port = Number(new URL(connectionString).port)

  function start(required?: number): Promise<EmbeddedPostgres> {
    return startEmbeddedPostgres({
      directory,
      log,
      ...(required !== undefined && { port: required }),
      onExit: (reason) => void restart(reason),
    })
  }

  async function restart(reason: string): Promise<void> {
    log.error(`the embedded PostgreSQL ended (${reason}); starting it again`)
    await current.stop()
    for (let attempt = 1; attempt <= postgresAttempts && !stopping; attempt++) {
      try {
        current = await start(port)
        if (stopping) return current.stop()
        if (current.connectionString === connectionString) return
        log.fatal(
          'a different PostgreSQL answers: its data was removed while it ran, or another program started it',
        )
        break
      } catch (error) {
        log.error({ err: error }, 'the embedded PostgreSQL did not start')
        await sleep(500 * attempt)
      }
    }
    if (!stopping) onGiveUp()
  }

  return {
    connectionString,
    pid: () => current.pid,
    async stop() {
      stopping = true
      await current.stop()
    },
  }
}
