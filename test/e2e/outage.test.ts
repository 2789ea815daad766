/** Processes that receive a signal to stop while their database hangs. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { request } from '../../examples/client.js'
import { jobSchema } from '../../src/contract/job.js'
import { problemSchema } from '../../src/contract/problems.js'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/store/embedded-postgres.js'
import { eventually, startService, temporaryFolder } from '../support/service.js'
import { underLoad } from '../support/waiting.js'

const folder = temporaryFolder()
let postgres: EmbeddedPostgres

/** All processes of the server, as a machine that does not answer any more would stop them. */
function signalPostgres(signal: 'STOP' | 'CONT'): void {
  const send = (command: string, args: string[]) => expect(spawnSync(command, args).status).toBe(0)
  const { pid } = postgres
  // First the process that starts the others. One of them may end meanwhile.
  send('kill', [`-${signal}`, String(pid)])
  send('pkill', [`-${signal}`, '-P', String(pid)])
}

function startWorker() {
  return spawn(process.execPath, ['dist/workers/main.js'], {
    env: { ...process.env, DATABASE_URL: postgres.connectionString, REDIS_URL: '', LOG_LEVEL: 'error' },
    stdio: 'ignore',
  })
}

const silent = { info: () => {}, warn: () => {} }

beforeAll(async () => {
  postgres = await startEmbeddedPostgres({ directory: `${folder.path}/postgres`, log: silent })
}, 60_000)

afterAll(async () => {
  await postgres.stop()
  folder.remove()
})

describe('SIGTERM while PostgreSQL hangs', () => {
  it('ends API and worker within ten seconds, and the job continues later', async () => {
    const environment = { DATABASE_URL: postgres.connectionString, LOG_LEVEL: 'info' }
    const api = await startService(environment, 'dist/src/server.js')
    const worker = startWorker()
    const job = await request(`${api.url}/jobs`, jobSchema, {
      dataset: 'xor',
      network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
      loss: 'binaryCrossentropy',
      epochs: 1_000_000,
    })
    const look = (url: string) => request(`${url}/jobs/${job.id}`, jobSchema)
    await eventually(async () => ((await look(api.url)).epoch > 0 ? true : undefined))

    signalPostgres('STOP')
    const ready = await fetch(`${api.url}/health/ready`)
    expect(problemSchema.parse(await ready.json()).detail).toContain('the database does not answer')
    const exited = once(worker, 'exit')
    const begin = Date.now()
    worker.kill('SIGTERM')
    expect(await api.stop('SIGTERM')).toMatchObject({ code: 0 })
    expect(await exited).toEqual([0, null])
    expect(Date.now() - begin).toBeLessThan(underLoad(10_000))
    signalPostgres('CONT')

    const again = await startService(environment, 'dist/src/server.js')
    expect((await look(again.url)).finishedAt).toBeNull()
    const successor = startWorker()
    const ended = await eventually(async () => {
      const now = await look(again.url)
      return now.finishedAt === null ? undefined : now
    })
    expect(ended.status).toBe('succeeded')
    await again.stop()
    successor.kill('SIGTERM')
    await once(successor, 'exit')
  }, 120_000)
})

describe('a request while PostgreSQL is unreachable', () => {
  it('is answered 503, and normally after the outage', async () => {
    const api = await startService({ DATABASE_URL: postgres.connectionString }, 'dist/src/server.js')
    const ask = async () =>
      problemSchema.parse(await (await fetch(`${api.url}/jobs/job_${'0'.repeat(32)}`)).json())
    expect(await ask()).toMatchObject({ status: 404 })
    await postgres.stop()
    expect(await ask()).toMatchObject({ status: 503, code: 'unavailable' })
    const { connectionString } = postgres
    postgres = await startEmbeddedPostgres({ directory: `${folder.path}/postgres`, log: silent })
    expect(postgres.connectionString).toBe(connectionString)
    expect(await eventually(async () => ((await ask()).status === 404 ? true : undefined))).toBe(true)
    await api.stop()
  }, 60_000)
})
