/** The spans below a request that computes with models, as a collector receives them. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { NewModel } from '../../src/training/ports/models.js'
import { linearModel, startJob, storeModel } from '../support/stores.js'
import { json, openTracedApp, type TracedApp } from '../support/traced-app.js'

let traced: TracedApp

beforeAll(async () => {
  traced = await openTracedApp()
})

afterAll(() => traced.close())

const units = 1_000
/** Too large for the event loop. */
function largeModel(): NewModel {
  const sizes = [2, units, units, 1]
  const layers = sizes.slice(1).map((outputs, index) => ({
    ...{ index, type: 'dense' as const, activation: 'linear' as const, inputShape: [sizes[index]] },
    ...{ outputShape: [outputs], parameters: outputs * (sizes[index] + 1) },
  }))
  let offset = 0
  const tensors = layers.flatMap(({ index, inputShape: [inputs], outputShape: [outputs] }) => {
    const weight = { name: `layers.${index}.weight`, shape: [outputs, inputs], offset }
    const bias = { name: `layers.${index}.bias`, shape: [outputs], offset: offset + outputs * inputs }
    offset = bias.offset + outputs
    return [weight, bias]
  })
  return linearModel({
    network: {
      inputShape: [2],
      layers: sizes.slice(1).map((size) => ({
        ...{ type: 'dense' as const, units: size, activation: 'linear' as const, useBias: true },
      })),
    },
    layers,
    tensors,
    parameters: offset,
    weights: new Uint8Array(4 * offset),
  })
}

const rowsOf = (count: number) => json({ inputs: Array.from({ length: count }, () => ({ a: 1, b: 2 })) })

/** The spans below the request. */
async function childrenOf(traceId: string, request: string) {
  const parent = await traced.spanOf(traceId, request)
  return traced.spans.filter((span) => span.parentSpanId === parent.spanId)
}

it('a prediction has its model, rows, wait, and whether it loaded the model', async () => {
  const { id } = await storeModel(traced.service, largeModel())
  for (const [loaded, count] of [
    [true, 2],
    [false, 3],
  ] as const) {
    const traceId = traced.newTrace()
    const answer = await traced.send(traceId, `/models/${id}/predict`, rowsOf(count))
    expect(answer.status).toBe(200)
    const [span, ...others] = await childrenOf(traceId, 'POST /models/:id/predict')
    expect(others).toEqual([])
    expect(span).toMatchObject({ name: 'predict', traceId, status: { code: 0 } })
    expect(span.attributes).toEqual({
      'descent.model.id': id,
      'descent.rows': count,
      'descent.model.loaded': loaded,
      'descent.queue.seconds': expect.any(Number),
    })
    const wait = Number(span.attributes['descent.queue.seconds'])
    const whole = Number(span.endTimeUnixNano - span.startTimeUnixNano) / 1e9
    expect(wait).toBeGreaterThan(0)
    // The clock of the span has whole milliseconds.
    expect(wait).toBeLessThan(whole + 0.002)
  }
})

it('a small model has a span only while it is loaded', async () => {
  const { id } = await storeModel(traced.service)
  for (const loads of [true, false]) {
    const traceId = traced.newTrace()
    await traced.send(traceId, `/models/${id}/predict?x=1,2`)
    const spans = await childrenOf(traceId, 'GET /models/:id/predict')
    const attributes = { 'descent.model.id': id, 'descent.rows': 1, 'descent.model.loaded': true }
    expect(spans).toMatchObject(loads ? [{ name: 'predict', attributes }] : [])
  }
})

it('a failed prediction has the problem', async () => {
  const { id } = await storeModel(traced.service, largeModel())
  await traced.service.database.weightChunk.updateMany({
    where: { modelId: id, index: 0 },
    data: { bytes: new Uint8Array(2 * 1024 * 1024) },
  })
  await traced.service.database.model.update({ where: { id }, data: { weightSha256: 'f'.repeat(64) } })
  const traceId = traced.newTrace()
  const answer = await traced.send(traceId, `/models/${id}/predict`, rowsOf(1))
  expect(answer.status).toBe(500)
  const [span] = await childrenOf(traceId, 'POST /models/:id/predict')
  expect(span).toMatchObject({ name: 'predict', status: { code: 2 } })
  expect(span.attributes).toMatchObject({ 'error.type': 'integrity' })
})

const columns = ['x1', 'x2'].map((name) => ({ type: 'number' as const, name, offset: 0, scale: 1 }))
const target = { type: 'number' as const, names: ['y'], binary: false }

async function trained(): Promise<{ job: string; model: string }> {
  const claim = await startJob(traced.service)
  const model = linearModel({ coding: { features: columns, target } })
  if (!(await traced.service.runs.succeed(claim, model))) throw new Error('a running job cannot succeed')
  return { job: claim.jobId, model: model.id }
}

it.each([
  ['rank', (job: string) => `/jobs/${job}/rows/worst`],
  ['importance', (job: string) => `/jobs/${job}/importance`],
  ['dependence', (job: string) => `/jobs/${job}/dependence?column=x1`],
])('%s has a span with the four rows of xor', async (name, path) => {
  const { job, model } = await trained()
  const traceId = traced.newTrace()
  const answer = await traced.send(traceId, path(job))
  expect(answer.status).toBe(200)
  const span = await traced.spanOf(traceId, name)
  expect(span.attributes).toMatchObject({ 'descent.model.id': model, 'descent.rows': 4 })
})

it('a comparison of two models has a span for each', async () => {
  const [one, other] = [await trained(), await trained()]
  const traceId = traced.newTrace()
  await traced.send(traceId, `/jobs/${one.job}/rows/changed?with=${other.job}`)
  const spans = [await traced.spanOf(traceId, 'answer'), await traced.spanOf(traceId, 'compare')]
  expect(spans.map(({ attributes }) => attributes['descent.model.id'])).toEqual([other.model, one.model])
})

it('an evaluation has a span', async () => {
  const { id } = await storeModel(traced.service)
  const traceId = traced.newTrace()
  const rows = [{ a: 1, b: 1, y: 7 }]
  expect((await traced.send(traceId, `/models/${id}/evaluate`, json({ rows }))).status).toBe(200)
  const span = await traced.spanOf(traceId, 'evaluate')
  expect(span.attributes).toMatchObject({ 'descent.model.id': id, 'descent.rows': 1 })
})

it('a frame of a boundary has a span below that of its stream', async () => {
  const { job } = await trained()
  const traceId = traced.newTrace()
  const headers = { accept: 'text/event-stream' }
  const answer = await traced.send(traceId, `/jobs/${job}/stream?boundary=16`, { headers })
  await answer.text()
  const [span] = await childrenOf(traceId, 'GET /jobs/:id/stream')
  expect(span).toMatchObject({ name: 'boundary', attributes: { 'descent.rows': 256 } })
})

it('a request that is not recorded has none', async () => {
  const { id } = await storeModel(traced.service, largeModel())
  const unrecorded = traced.newTrace()
  await traced.send(unrecorded, `/models/${id}/predict`, rowsOf(1), '00')
  const later = traced.newTrace()
  await traced.send(later, `/models/${id}/predict`, rowsOf(1))
  await traced.spanOf(later, 'predict')
  expect(traced.spans.filter((span) => span.traceId === unrecorded)).toEqual([])
})
