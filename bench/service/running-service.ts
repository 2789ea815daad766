/** A service that is measured: its processes and a connection to it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { type StartedProcesses, startProcesses } from '../processes.js'
import { Connection, createRequest, parseBody } from './connection.js'

/** High enough to refuse nothing. */
const limits = { MAXIMUM_REQUESTS_PER_MINUTE: '1000000000', MAXIMUM_QUEUED_JOBS: '1000000' }

const jobSchema = z.object({
  id: z.string(),
  status: z.string(),
  modelId: z.string().nullable(),
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
})
export type JobState = z.infer<typeof jobSchema>

const listSchema = z.object({ data: z.array(jobSchema), hasMore: z.boolean(), lastId: z.string().nullable() })

/** XOR with four hidden units. */
export function smallJob(seed: number): object {
  const dense = (units: number) => ({ type: 'dense', units, activation: 'sigmoid' })
  return {
    dataset: 'xor',
    network: { layers: [dense(4), dense(1)] },
    loss: 'binaryCrossentropy',
    optimizer: { type: 'sgd', learningRate: 0.5 },
    epochs: 100,
    seed,
  }
}

export class RunningService {
  private constructor(
    readonly subject: 'now' | 'before',
    readonly port: number,
    readonly processes: StartedProcesses,
    private connection: Connection,
  ) {}

  static async start(subject: 'now' | 'before', folder: string, port: number): Promise<RunningService> {
    const processes = await startProcesses({ folder, port: String(port), environment: limits })
    return new RunningService(subject, port, processes, await Connection.open(port))
  }

  /** @throws Error with the answer unless it is a 2xx */
  async get(path: string): Promise<unknown> {
    return this.#ask(path, createRequest('GET', path))
  }

  async post(path: string, body: object): Promise<unknown> {
    return this.#ask(path, createRequest('POST', path, body))
  }

  async submit(job: object): Promise<JobState> {
    return jobSchema.parse(await this.post('/jobs', job))
  }

  /** The newest first. */
  async newest(jobs: number): Promise<JobState[]> {
    const found: JobState[] = []
    let cursor = ''
    while (found.length < jobs) {
      const limit = Math.min(100, jobs - found.length)
      const { data, hasMore, lastId } = listSchema.parse(await this.get(`/jobs?limit=${limit}${cursor}`))
      found.push(...data)
      if (!hasMore || lastId === null) break
      cursor = `&after=${lastId}`
    }
    return found
  }

  /** Whether a job is queued or running. Asks in the order of a job's states, so that none is missed. */
  async isAtWork(): Promise<boolean> {
    for (const status of ['queued', 'running']) {
      const { data } = listSchema.parse(await this.get(`/jobs?status=${status}&limit=1`))
      if (data.length > 0) return true
    }
    return false
  }

  /** Watches the job to its end; resolves with the milliseconds until the first epoch. */
  async follow({ id }: JobState): Promise<number> {
    const begin = performance.now()
    const socket = new WebSocket(`ws://127.0.0.1:${this.port}/jobs/${id}/stream`)
    let first = Number.NaN
    socket.on('message', (data) => {
      if (!Number.isNaN(first)) return
      const { type }: { type: string } = JSON.parse(String(data))
      if (type === 'epochs') first = performance.now() - begin
    })
    await new Promise((resolve, reject) => socket.once('close', resolve).once('error', reject))
    return first
  }

  /** Resolves when the job has succeeded. */
  async trained(job: object): Promise<JobState> {
    const accepted = await this.submit(job)
    await this.follow(accepted)
    const ended = jobSchema.parse(await this.get(`/jobs/${accepted.id}`))
    if (ended.status !== 'succeeded') throw new Error(`${this.subject}: a job ${ended.status}`)
    return ended
  }

  /** Stops the worker process outside any transaction, whose locks would block others. */
  async freezeWorker(): Promise<void> {
    const { worker, database } = this.processes
    for (;;) {
      worker.kill('SIGSTOP')
      await sleep(50)
      const { rows } = await database.query(
        `SELECT 1 FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND state NOT IN ('idle', 'active')`,
      )
      if (rows.length === 0) return
      worker.kill('SIGCONT')
      await sleep(20)
    }
  }

  thawWorker(): void {
    this.processes.worker.kill('SIGCONT')
  }

  async stop(): Promise<void> {
    this.connection.close()
    await this.processes.stop()
  }

  async #ask(path: string, request: Buffer): Promise<unknown> {
    // The server closes an idle connection.
    if (this.connection.isClosed) this.connection = await Connection.open(this.port)
    const answer = await this.connection.ask(request)
    const body = parseBody(answer)
    if (answer.status >= 200 && answer.status < 300) return body
    throw new Error(`${this.subject}: ${path}: ${answer.status} ${JSON.stringify(body)}`)
  }
}
