/** Pausing, resuming and killing: whatever interrupts a training, it ends with the same weights. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { request, submit } from '../../examples/client.js'
import { type Job, jobSchema } from '../../src/contract/job.js'
import { modelSchema } from '../../src/contract/model.js'
import { eventually, type Service, startService, temporaryFolder } from '../support/service.js'
import { upTo, watchJob } from '../support/watching.js'

/** Shuffled, with dropout, momentum and early stopping's memory: everything a checkpoint must hold. */
const spec = {
  dataset: { name: 'spirals', rows: 600, noise: 0.1, seed: 3 },
  network: {
    layers: [
      { type: 'dense', units: 48, activation: 'tanh' },
      { type: 'dropout', rate: 0.1 },
      { type: 'dense', units: 48, activation: 'relu' },
      { type: 'batchNormalization' },
      { type: 'dense', units: 1, activation: 'sigmoid' },
    ],
  },
  loss: 'binaryCrossentropy',
  optimizer: { type: 'adam', learningRate: 0.003 },
  epochs: 1_500,
  batchSize: 16,
  validationSplit: 0.2,
  earlyStopping: { monitor: 'valLoss', patience: 1_000_000, restoreBest: true },
  seed: 11,
} satisfies Parameters<typeof submit>[1]

const pauseMilliseconds = 400

describe('a training that is interrupted', () => {
  const folder = temporaryFolder()
  let service: Service
  let undisturbed: { sha256: string; losses: (number | null)[] }

  async function sha256Of(job: Job | undefined): Promise<string> {
    return (await request(`${service.url}/models/${job?.modelId}`, modelSchema)).weightSha256
  }

  beforeAll(async () => {
    service = await startService({ DATA_DIRECTORY: folder.path, CHECKPOINT_SECONDS: '0.2' })
    const watching = watchJob(service.url, (await submit(service.url, spec)).id)
    const { job } = await watching.ended
    undisturbed = { sha256: await sha256Of(job), losses: watching.epochs().map((epoch) => epoch.loss) }
  }, 120_000)

  afterAll(async () => {
    await service?.stop()
    folder.remove()
  }, 30_000)

  it('ends with the same bytes after it was paused and resumed', async () => {
    const job = await submit(service.url, spec)
    const watching = watchJob(service.url, job.id)
    for (let pauses = 0; pauses < 3; pauses++) {
      const seen = watching.epochs().length
      await eventually(() => (watching.epochs().length > seen + 20 ? true : undefined))
      const paused = await request(`${service.url}/jobs/${job.id}/pause`, jobSchema, {})
      expect(paused.status).toBe('paused')
      await sleep(pauseMilliseconds)
      const resumed = await request(`${service.url}/jobs/${job.id}/resume`, jobSchema, {})
      expect(['queued', 'running']).toContain(resumed.status)
    }
    const { job: ended } = await watching.ended
    expect([ended?.status, ended?.error]).toEqual(['succeeded', null])
    expect(watching.epochs().map((epoch) => epoch.epoch)).toEqual(upTo(1_500))
    expect(watching.epochs().map((epoch) => epoch.loss)).toEqual(undisturbed.losses)
    expect(await sha256Of(ended)).toBe(undisturbed.sha256)
    // A pause is no training.
    const seconds = watching.epochs().map((epoch) => epoch.seconds ?? -1)
    expect(seconds).toEqual(seconds.toSorted((a, b) => a - b))
    expect(seconds[0]).toBeGreaterThan(0)
    const passed = Date.parse(ended?.finishedAt ?? '') - Date.parse(ended?.startedAt ?? '')
    expect(1_000 * (seconds.at(-1) ?? Number.NaN)).toBeLessThan(passed - 3 * pauseMilliseconds)
  }, 120_000)

  it('ends with the same bytes after its worker was killed', async () => {
    const job = await submit(service.url, spec)
    const watching = watchJob(service.url, job.id)
    for (const progress of [30, 150]) {
      await eventually(() => (watching.epochs().length > progress ? true : undefined))
      const [pid] = service.workerPids()
      if (pid !== undefined) process.kill(pid, 'SIGKILL')
    }
    const { job: ended } = await watching.ended
    expect([ended?.status, ended?.error]).toEqual(['succeeded', null])
    expect(watching.epochs().map((epoch) => epoch.loss)).toEqual(undisturbed.losses)
    expect(await sha256Of(ended)).toBe(undisturbed.sha256)
  }, 120_000)

  it('continues with other settings from the next epoch, and reports them', async () => {
    const job = await submit(service.url, spec)
    const watching = watchJob(service.url, job.id)
    await eventually(() => (watching.epochs().length > 20 ? true : undefined))
    await request(`${service.url}/jobs/${job.id}/pause`, jobSchema, {})
    const change = { epochs: 1_600, learningRate: 0.001 }
    const resumed = await request(`${service.url}/jobs/${job.id}/resume`, jobSchema, change)
    expect(resumed).toMatchObject({
      epochs: 1_600,
      spec: { epochs: 1_600, optimizer: { learningRate: 0.001 } },
    })
    expect(resumed.changes).toMatchObject([{ before: { epochs: 1_500, learningRate: 0.003 }, after: change }])
    const { job: ended } = await watching.ended
    expect([ended?.status, ended?.error]).toEqual(['succeeded', null])
    const { fromEpoch } = resumed.changes[0]
    const losses = watching.epochs().map((epoch) => epoch.loss)
    expect(losses).toHaveLength(1_600)
    expect(losses.slice(0, fromEpoch - 1)).toEqual(undisturbed.losses.slice(0, fromEpoch - 1))
    expect(losses.slice(fromEpoch - 1, 1_500)).not.toEqual(undisturbed.losses.slice(fromEpoch - 1))
  }, 120_000)

  it('is released when the service stops, and continues after its restart', async () => {
    const job = await submit(service.url, spec)
    const watching = watchJob(service.url, job.id)
    await eventually(() => (watching.epochs().length > 30 ? true : undefined))
    const { code } = await service.stop('SIGTERM')
    expect(code).toBe(0)
    expect((await watching.ended).code).toBe(1012)

    service = await startService({ DATA_DIRECTORY: folder.path, CHECKPOINT_SECONDS: '0.2' })
    const again = watchJob(service.url, job.id, watching.epochs().length)
    const { job: ended } = await again.ended
    expect([ended?.status, ended?.error]).toEqual(['succeeded', null])
    const losses = [...watching.epochs(), ...again.epochs()].map((epoch) => epoch.loss)
    expect(losses).toEqual(undisturbed.losses)
    expect(await sha256Of(ended)).toBe(undisturbed.sha256)
  }, 120_000)

  it('continues after PostgreSQL dies', async () => {
    const job = await submit(service.url, spec)
    const watching = watchJob(service.url, job.id)
    await eventually(() => (watching.epochs().length > 30 ? true : undefined))
    const [pid] = readFileSync(join(folder.path, 'postgres', 'postmaster.pid'), 'utf8').split('\n')
    process.kill(Number(pid), 'SIGKILL')
    await eventually(async () => {
      const look = await request(`${service.url}/jobs/${job.id}`, jobSchema).catch(() => undefined)
      return look?.status === 'succeeded' ? look : undefined
    })
    const replay = watchJob(service.url, job.id)
    const { job: ended } = await replay.ended
    expect(replay.epochs().map((epoch) => epoch.loss)).toEqual(undisturbed.losses)
    expect(await sha256Of(ended)).toBe(undisturbed.sha256)
  }, 120_000)
})
