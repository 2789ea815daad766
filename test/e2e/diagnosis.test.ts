/** From a bad curve to a better one with two requests: the diagnosis, and the job with its patch. */
import { beforeAll, expect, it } from 'vitest'
import { request, submit } from '../../examples/client.js'
import { diagnosisSchema } from '../../src/contract/diagnosis.js'
import { type Job, jobSchema } from '../../src/contract/job.js'
import { isFinished } from '../../src/contract/job-status.js'
import { statisticsSchema } from '../../src/contract/statistics.js'
import { mergePatch } from '../support/merge-patch.js'
import { eventually } from '../support/service.js'
import { sharedService } from '../support/shared.js'

let service: { url: string }

beforeAll(async () => {
  service = await sharedService()
}, 60_000)

const ended = (id: string): Promise<Job> =>
  eventually(async () => {
    const job = await request(`${service.url}/jobs/${id}`, jobSchema)
    return isFinished(job.status) ? job : undefined
  })

it.each([
  ['a diverging training', 'learning-rate-too-high', { optimizer: { type: 'sgd', learningRate: 200 } }],
  ['a network without a hidden layer', 'underfitting', { optimizer: { type: 'adam', learningRate: 0.02 } }],
])('%s', async (_, code, changes) => {
  const circles = { name: 'circles', rows: 200, noise: 0.05, seed: 1 }
  const isDeep = code !== 'underfitting'
  const first = await submit(service.url, {
    dataset: isDeep ? { name: 'sine' } : circles,
    network: {
      layers: [
        ...(isDeep ? [{ type: 'dense', units: 8, activation: 'tanh' }] : []),
        { type: 'dense', units: 1, activation: isDeep ? 'linear' : 'sigmoid' },
      ],
    },
    loss: isDeep ? 'meanSquaredError' : 'binaryCrossentropy',
    ...changes,
    epochs: 80,
    validationSplit: 0.25,
    seed: 1,
  } as Parameters<typeof submit>[1])
  const bad = await ended(first.id)
  const { findings } = await request(`${service.url}/jobs/${bad.id}/diagnosis`, diagnosisSchema)
  expect(findings.map((finding) => finding.code)).toContain(code)
  const [{ patch }] = findings
  const second = await submit(service.url, mergePatch(bad.spec, patch ?? {}) as Parameters<typeof submit>[1])
  const good = await ended(second.id)
  expect(good.status).toBe('succeeded')
  expect(good.metrics.valLoss).toBeLessThan(bad.metrics.valLoss ?? Number.POSITIVE_INFINITY)
})

it('a training of dead units with statistics', async () => {
  const zeros = { type: 'dense', units: 8, activation: 'relu', kernelInitializer: 'zeros' }
  const first = await submit(service.url, {
    dataset: { name: 'moons', rows: 200, noise: 0.1, seed: 1 },
    network: { layers: [zeros, { type: 'dense', units: 1, activation: 'sigmoid' }] },
    loss: 'binaryCrossentropy',
    optimizer: { type: 'adam', learningRate: 0.01 },
    epochs: 60,
    watch: 'diagnose',
    seed: 1,
  } as Parameters<typeof submit>[1])
  const bad = await ended(first.id)
  const { data } = await request(`${service.url}/jobs/${bad.id}/statistics`, statisticsSchema)
  expect(data[0]).toMatchObject({
    epoch: 1,
    layers: [
      { layer: 0, deadUnits: 1 },
      { layer: 1, deadUnits: null },
    ],
  })
  const { findings } = await request(`${service.url}/jobs/${bad.id}/diagnosis`, diagnosisSchema)
  expect(findings[0]).toMatchObject({ code: 'dead-units', severity: 'error', sinceEpoch: 1 })
  const second = await submit(
    service.url,
    mergePatch(bad.spec, findings[0].patch ?? {}) as Parameters<typeof submit>[1],
  )
  const good = await ended(second.id)
  expect(good.metrics.loss).toBeLessThan(0.8 * (bad.metrics.loss ?? 0))
})
