/**
 * Hints by LISTEN and NOTIFY: a job changed, with its status and its last stored epoch. Workers also hear
 * when jobs are queued. Hints are lost while the connection is; `onReconnect` then makes listeners read
 * again.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { jobStatusSchema } from '../contract/job-status.js'
import type { Hint } from '../live/watch-store.js'
import { queueChannel, workerConnection } from './wake-ups.js'

/** "<job id> <status> <epoch> <milliseconds since 1970>", sent with the commit of the change. */
const jobsChannel = 'descent_jobs'

/** Sends the hint of a job, in a SELECT from rows with its id, status and epoch. */
export const notifyJob = `pg_notify('${jobsChannel}', id || ' ' || status || ' ' || epoch
    || ' ' || (extract(epoch FROM clock_timestamp()) * 1000)::int8)::text AS hint`

interface HintListener {
  onHint(hint: Hint): void
  /** For workers: jobs were queued. */
  onQueued?(): void
  onReconnect(): void
}

export interface Hints {
  close(): Promise<void>
}

/** Resolves when connected. Reconnects without a time limit. */
export async function listenForHints(connectionString: string, listener: HintListener): Promise<Hints> {
  let closed = false
  let client = await connect()

  async function connect(): Promise<pg.Client> {
    const next = new pg.Client({
      connectionString,
      keepAlive: true,
      connectionTimeoutMillis: 3_000,
      ...(listener.onQueued === undefined ? {} : { application_name: workerConnection }),
    })
    next.on('notification', ({ channel, payload }) => {
      if (channel === queueChannel) return listener.onQueued?.()
      const hint = parseHint(payload ?? '')
      if (hint !== null) listener.onHint(hint)
    })
    next.on('error', () => {})
    await next.connect()
    try {
      await next.query(`LISTEN ${jobsChannel}`)
      if (listener.onQueued !== undefined) await next.query(`LISTEN ${queueChannel}`)
    } catch (error) {
      await next.end()
      throw error
    }
    next.once('end', () => void reconnect())
    return next
  }

  async function reconnect(): Promise<void> {
    while (!closed) {
      try {
        client = await connect()
        if (closed) await client.end()
        else listener.onReconnect()
        return
      } catch {
        await sleep(500)
      }
    }
  }

  return {
    async close() {
      closed = true
      await client.end()
    },
  }
}

function parseHint(payload: string): Hint | null {
  const [jobId, status, epoch, committedAt] = payload.split(' ')
  const parsed = jobStatusSchema.safeParse(status)
  return jobId !== undefined && parsed.success
    ? { jobId, status: parsed.data, epoch: Number(epoch), committedAt: new Date(Number(committedAt)) }
    : null
}
