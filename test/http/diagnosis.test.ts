/** The diagnosis of a job over HTTP. */
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Diagnosis, diagnosisSchema } from '../../src/contract/diagnosis.js'
import type { Epoch } from '../../src/contract/epoch.js'
import { newId } from '../../src/training/new-id.js'
import type { Claim } from '../../src/training/ports/runs.js'
import { openApp, type RunningApp } from '../support/app.js'
import { mergePatch } from '../support/merge-patch.js'
import {
  claimJob,
  epochsOf,
  linearModel,
  newJob,
  packEpochs,
  startJob,
  storeEpochs,
  xorSpec,
} from '../support/stores.js'
import { upTo } from '../support/watching.js'

let service: RunningApp

beforeAll(async () => {
  service = await openApp()
})

afterAll(() => service.close())

async function diagnosisOf(id: string): Promise<Diagnosis> {
  const { body } = await request(service.app.server).get(`/jobs/${id}/diagnosis`).expect(200)
  return diagnosisSchema.parse(body)
}

const withLosses = (losses: readonly number[], first = 1): Epoch[] =>
  epochsOf(losses.map((_, index) => first + index)).map((epoch, index) => ({ ...epoch, loss: losses[index] }))
/** The loss of XOR under a constant prediction is ln 2. */
const stuck = upTo(40).map((epoch) => Math.LN2 + 0.0001 / epoch)
const sgd = { type: 'sgd', learningRate: 0.01, momentum: 0, nesterov: false, weightDecay: 0 } as const

/** Statistics of a layer of relu units, all of them dead since epoch 5. */
const statistics = upTo(8).map((epoch) => ({
  epoch,
  layers: [
    {
      ...{ layer: 0, weightNorm: 1.23456789, gradientNorm: 0.5, updateNorm: 0.001 },
      ...{ deadUnits: epoch < 5 ? 0 : 1, saturated: null },
    },
  ],
  largestLogit: 2,
}))

describe('GET /jobs/{id}/statistics', () => {
  const spec = xorSpec({ watch: 'diagnose', epochs: 8, optimizer: sgd })
  const record = (claim: Claim, taken = statistics) =>
    service.runs.record(claim, {
      epochs: packEpochs(withLosses(taken.map(({ epoch }) => 0.7 - 0.001 * epoch))),
      ...{ seconds: 0, backend: 'wasm', backendDetail: null, checkpoint: null, snapshots: null },
      statistics: taken,
    })
  const get = (id: string) => request(service.app.server).get(`/jobs/${id}/statistics`)

  it('lists them with six digits, and the diagnosis uses them', async () => {
    const claim = await startJob(service, 'worker_b', { spec })
    expect(await record(claim)).toBe(true)
    const { body } = await get(claim.jobId).expect(200)
    expect(body.data).toHaveLength(8)
    expect(body.data[0]).toEqual({
      ...{ epoch: 1, largestLogit: 2 },
      layers: [{ ...statistics[0].layers[0], weightNorm: 1.23457 }],
    })
    expect((await diagnosisOf(claim.jobId)).findings).toMatchObject([
      { code: 'dead-units', severity: 'error', sinceEpoch: 5 },
    ])
  })

  it('counts their bytes as history of the job, and deletes them with it', async () => {
    const claims = [
      await startJob(service, 'worker_b', { spec }),
      await startJob(service, 'worker_b', { spec }),
    ]
    await record(claims[0])
    await service.runs.record(claims[1], {
      epochs: packEpochs(withLosses(upTo(8).map(() => 0.5))),
      ...{ seconds: 0, backend: 'wasm', backendDetail: null, checkpoint: null, snapshots: null },
    })
    const jobs = await service.database.job.findMany({
      where: { id: { in: claims.map(({ jobId }) => jobId) } },
    })
    const [watched, plain] = claims.map(({ jobId }) => jobs.find(({ id }) => id === jobId)?.historyBytes ?? 0)
    const rows = await service.database.epochStatistics.findMany({ where: { jobId: claims[0].jobId } })
    // As compact JSON, in which the database stores no spaces.
    expect(watched - plain).toBe(rows.reduce((sum, row) => sum + JSON.stringify(row.statistics).length, 0))
    await service.jobs.cancel(claims[0].jobId)
    await service.jobs.delete(claims[0].jobId)
    expect(await service.database.epochStatistics.count({ where: { jobId: claims[0].jobId } })).toBe(0)
  })

  it('is empty without watch, and hidden from other tenants', async () => {
    const { id } = await service.jobs.create(newJob())
    expect((await get(id).expect(200)).body).toEqual({ object: 'list', data: [] })
    const other = await service.jobs.of('other').create(newJob())
    await get(other.id).expect(404)
  })
})

describe('GET /jobs/{id}/diagnosis', () => {
  it('has no findings for a queued job, and none for a healthy one', async () => {
    const queued = newJob()
    await service.jobs.create(queued)
    expect(await diagnosisOf(queued.id)).toEqual({
      ...{ object: 'diagnosis', jobId: queued.id, epoch: 0, findings: [] },
    })
    const claim = await startJob(service)
    await storeEpochs(service, claim, withLosses(upTo(20).map((epoch) => 1 / epoch ** 2)))
    await service.runs.succeed(claim, linearModel())
    expect(await diagnosisOf(claim.jobId)).toMatchObject({ epoch: 20, findings: [] })
  })

  it('reports a finding while the job runs, and the same one each time', async () => {
    const claim = await startJob(service, 'worker_b', { spec: xorSpec({ epochs: 100, optimizer: sgd }) })
    await storeEpochs(service, claim, withLosses(stuck))
    const { epoch, findings } = await diagnosisOf(claim.jobId)
    expect(epoch).toBe(40)
    expect(findings).toMatchObject([
      {
        code: 'underfitting',
        severity: 'note',
        sinceEpoch: 1,
        seen: { figures: { constantLoss: Math.LN2 } },
      },
    ])
    expect((await diagnosisOf(claim.jobId)).findings).toEqual(findings)
  })

  it('proposes a patch that POST /jobs/validate and POST /jobs accept', async () => {
    const claim = await startJob(service, 'worker_b', { spec: xorSpec({ epochs: 40, optimizer: sgd }) })
    await storeEpochs(service, claim, withLosses(stuck))
    await service.runs.succeed(claim, linearModel())
    const [finding] = (await diagnosisOf(claim.jobId)).findings
    expect(finding).toMatchObject({ code: 'underfitting', severity: 'warning' })
    const { spec } = (await request(service.app.server).get(`/jobs/${claim.jobId}`).expect(200)).body
    const patched = mergePatch(spec, finding.patch ?? {})
    await request(service.app.server).post('/jobs/validate').send(patched).expect(200)
    const { body } = await request(service.app.server).post('/jobs').send(patched).expect(202)
    expect(body.spec.network.layers.length).toBe(spec.network.layers.length)
    expect(body.spec.network.layers[0].units).toBeGreaterThan(spec.network.layers[0].units)
  })

  it('reports a divergence with its epoch', async () => {
    const claim = await startJob(service, 'worker_b', { spec: xorSpec({ optimizer: sgd }) })
    await storeEpochs(service, claim, withLosses([0.7, 0.6, 4, 500]))
    await service.runs.fail(claim, { code: 'diverged', message: 'The loss is infinite.', epoch: 4 })
    expect((await diagnosisOf(claim.jobId)).findings).toMatchObject([
      {
        code: 'learning-rate-too-high',
        severity: 'error',
        sinceEpoch: 3,
        patch: { optimizer: { learningRate: 0.001 } },
      },
    ])
  })

  it('ignores the epochs before a change of the learning rate', async () => {
    const { id } = await service.jobs.create(newJob({ spec: xorSpec({ epochs: 100, optimizer: sgd }) }))
    await storeEpochs(service, await claimJob(service, id), withLosses(stuck))
    expect((await diagnosisOf(id)).findings).toHaveLength(1)
    await service.jobs.pause(id)
    await service.jobs.resume(id, { learningRate: 0.1 })
    await storeEpochs(service, await claimJob(service, id, 'worker_c'), withLosses([0.69, 0.68, 0.65], 41))
    expect(await diagnosisOf(id)).toMatchObject({ epoch: 43, findings: [] })
  })

  it('describes the curve alone if the dataset was deleted', async () => {
    const spec = xorSpec({ dataset: 'ds_deleted', epochs: 40, optimizer: sgd })
    const claim = await startJob(service, 'worker_b', { spec })
    await storeEpochs(service, claim, withLosses(upTo(30).map((epoch) => 0.8 * 1.3 ** epoch)))
    expect((await diagnosisOf(claim.jobId)).findings).toMatchObject([{ code: 'divergence-coming' }])
  })

  it('is hidden from other tenants', async () => {
    const { id } = await service.jobs.of('other').create(newJob())
    await request(service.app.server).get(`/jobs/${id}/diagnosis`).expect(404)
    await request(service.app.server)
      .get(`/jobs/${newId('job')}/diagnosis`)
      .expect(404)
  })
})
