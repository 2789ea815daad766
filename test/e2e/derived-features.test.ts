/** Derived features on the whole service: predictions take the columns only, and everything else agrees with them. */
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { request } from '../../examples/client.js'
import type { Boundary } from '../../src/contract/boundary.js'
import { datasetSchema } from '../../src/contract/dataset.js'
import { exportFormatSchema } from '../../src/contract/export.js'
import { differenceSchema } from '../../src/contract/fork.js'
import { dependenceSchema, importanceSchema } from '../../src/contract/importance.js'
import { inferenceResponseSchema } from '../../src/contract/inference.js'
import { type Job, jobSchema } from '../../src/contract/job.js'
import { type Model, modelSchema, predictionsSchema } from '../../src/contract/model.js'
import { modelEvaluationSchema } from '../../src/contract/model-evaluation.js'
import { sharedService } from '../support/shared.js'
import { watchJob } from '../support/watching.js'

let service: { url: string }
/** One unit over x1, x2 and x1 · x2, which separates XOR. */
let job: Job
let model: Model

const send = <T>(path: string, schema: z.ZodType<T>, body?: object) =>
  request(`${service.url}${path}`, schema, body)

async function trained(path: string, body: object): Promise<Job> {
  const { id } = await send(path, jobSchema, body)
  for (;;) {
    const found = await send(`/jobs/${id}`, jobSchema)
    if (found.status === 'succeeded') return found
    if (!['queued', 'running'].includes(found.status))
      throw new Error(`${found.status}: ${found.error?.message}`)
    await sleep(20)
  }
}

const modelOf = ({ modelId }: Job) => send(`/models/${modelId}`, modelSchema)
const predict = async (inputs: unknown, id = model.id) =>
  (await send(`/models/${id}/predict`, predictionsSchema, { inputs })).predictions.map(
    (each) => each?.output[0],
  )

const product = [{ type: 'product', of: ['x1', 'x2'] }]
const unit = { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] }
const xor = {
  ...{ dataset: 'xor', network: unit, loss: 'binaryCrossentropy', epochs: 600, seed: 1 },
  optimizer: { type: 'adam', learningRate: 0.1 },
}
const rows = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
]

beforeAll(async () => {
  service = await sharedService()
  job = await trained('/jobs', { ...xor, derivedFeatures: product })
  model = await modelOf(job)
}, 60_000)

describe('a model with a derived feature', () => {
  it('learns what no line separates, without a hidden layer', async () => {
    expect(model.metrics.accuracy).toBe(1)
    expect(model.network.inputShape).toEqual([3])
    expect(model.coding.derived).toEqual([{ type: 'product', of: ['x1', 'x2'], offset: 0, scale: 1 }])
    const plain = await modelOf(await trained('/jobs', xor))
    expect(plain.metrics.accuracy).toBeLessThan(1)
  })

  it('takes the columns only, by position and by name', async () => {
    const answers = await predict(rows)
    expect(answers.map((value) => Math.round(value ?? Number.NaN))).toEqual([0, 1, 1, 0])
    expect(await predict(rows.map(([x1, x2]) => ({ x2, x1 })))).toEqual(answers)
    await expect(predict([[0, 1, 0]])).rejects.toThrow('has 3 values, but the model takes 2 values: x1, x2')
    const tensor = (column: number) => ({
      ...{ name: `x${column + 1}`, shape: [4, 1], datatype: 'FP64', data: rows.map((row) => row[column]) },
    })
    const inferred = await send(`/v2/models/${model.id}/infer`, inferenceResponseSchema, {
      inputs: [tensor(0), tensor(1)],
    })
    const [output] = inferred.outputs.filter(({ name }) => name === 'output')
    expect(output.data).toEqual(answers)
  })

  it('has a boundary over its columns, and frames with what computes it', async () => {
    const watching = watchJob(service.url, job.id, undefined, 'boundary=5&weights=true')
    await watching.ended
    const frames = watching.messages.filter((message): message is Boundary => message.type === 'boundary')
    expect(frames.length).toBeGreaterThan(20)
    const last = frames[frames.length - 1]
    expect(last.axes.map(({ column }) => column)).toEqual(['x1', 'x2'])
    expect(last.weights?.derived).toEqual([{ type: 'product', of: [0, 1], offset: 0, scale: 1 }])
    const at = ({ min, max }: Boundary['axes'][number], step: number) => min + ((max - min) * step) / 4
    const points = Array.from({ length: 25 }, (_, point) =>
      last.axes.map((axis, index) => at(axis, Math.floor(point / 5 ** index) % 5)),
    )
    const [low, high] = last.range
    const drawn = [...new Uint16Array(Uint8Array.from(Buffer.from(last.values, 'base64')).buffer)]
    const answers = await predict(points)
    for (const [index, step] of drawn.entries()) {
      expect(low + (step / 65_535) * (high - low)).toBeCloseTo(answers[index] ?? Number.NaN, 4)
    }
  })

  it('leaves in every format, and comes back', async () => {
    for (const format of exportFormatSchema.options) {
      const file = await fetch(`${service.url}/models/${model.id}/export?format=${format}`)
      expect([format, file.status]).toEqual([format, 200])
      if (format !== 'onnx' && format !== 'safetensors') continue
      const body = new FormData()
      body.append('file', new Blob([new Uint8Array(await file.arrayBuffer())]), 'model')
      const answer = await fetch(`${service.url}/models`, { method: 'POST', body })
      const again = modelSchema.parse(await answer.json())
      expect(again.coding).toEqual(model.coding)
      expect(await predict(rows, again.id)).toEqual(await predict(rows))
    }
  })

  it('is repeated with the same bits', async () => {
    const again = await trained(`/jobs/${job.id}/verify`, {})
    const { equal } = await send(`/jobs/${job.id}/difference?with=${again.id}`, differenceSchema)
    expect(equal).toBe(true)
  })

  it('passes its derived features to a job that starts from it', async () => {
    const more = await trained('/jobs', { ...xor, from: model.id, epochs: 1 })
    expect(more.spec.derivedFeatures).toEqual(product)
    expect((await modelOf(more)).metrics.accuracy).toBe(1)
    const without = { ...xor, from: model.id, epochs: 1, derivedFeatures: [] }
    await expect(send('/jobs', jobSchema, without)).rejects.toThrow('missing: derived feature "x1 · x2"')
    const initialized = await trained('/jobs', { ...without, fromMismatch: 'initialize' })
    expect((await modelOf(initialized)).network.inputShape).toEqual([2])
    const fork = await trained(`/jobs/${initialized.id}/fork`, { epoch: 1 })
    expect((await modelOf(fork)).network.inputShape).toEqual([2])
  })
})

/** The price of a rectangle is its area times 3 plus 5. */
function rectangles(count: number): string {
  const lines = Array.from({ length: count }, (_, row) => {
    const [width, height] = [10 + ((row * 37) % 101), 20 + ((row * 53) % 97)]
    return `${width},${height},${row % 2 === 0 ? 'a' : 'b'},${3 * width * height + 5}`
  })
  return ['width,height,shop,price', ...lines].join('\n')
}

describe('a model over an uploaded table', () => {
  const derivedFeatures = [
    { type: 'product', of: ['height', 'width'] },
    { type: 'square', of: 'width' },
    { type: 'sin', of: 'height' },
  ]

  it('is evaluated, explained and trained on', async () => {
    const upload = (count: number) =>
      send('/datasets?target=price', datasetSchema, Buffer.from(rectangles(count)))
    const dataset = (await upload(200)).id
    const area = await trained('/jobs', {
      ...{ dataset, derivedFeatures, network: { layers: [{ type: 'dense', units: 1 }] } },
      ...{ loss: 'meanSquaredError', epochs: 300, validationSplit: 0.25, seed: 1 },
      optimizer: { type: 'adam', learningRate: 0.05 },
    })
    const found = await modelOf(area)
    // width, height, two shops and the derived features.
    expect(found.network.inputShape).toEqual([7])
    expect(found.columns).toEqual(['width', 'height', 'shop'])
    const [price] = await predict([{ width: 30, height: 40, shop: 'a' }], found.id)
    expect(price).toBeGreaterThan(3_605 * 0.97)
    expect(price).toBeLessThan(3_605 * 1.03)

    const { evaluation } = await send(`/models/${found.id}/evaluate`, modelEvaluationSchema, {
      dataset: (await upload(150)).id,
    })
    expect(evaluation.type === 'regression' ? evaluation.targets[0].r2 : null).toBeGreaterThan(0.995)

    const { columns } = await send(`/jobs/${area.id}/importance?repeats=2`, importanceSchema)
    expect(columns.map(({ name }) => name).sort()).toEqual(['height', 'shop', 'width'])
    const [first, second, third] = columns
    // Nearly all of the price is in the product, so both of its columns matter, and the shop does not.
    expect(Math.min(first.mean, second.mean)).toBeGreaterThan(0.3)
    expect(third).toMatchObject({ name: 'shop', mean: expect.closeTo(0, 2) })

    const { points } = await send(`/jobs/${area.id}/dependence?column=width&points=5`, dependenceSchema)
    const means = points.map(({ means: [mean] }) => mean ?? Number.NaN)
    const slope = (means[4] - means[0]) / (Number(points[4].value) - Number(points[0].value))
    // Three times the mean height, which is about 68.
    expect(slope).toBeGreaterThan(3 * 60)
    expect(slope).toBeLessThan(3 * 76)

    const again = await trained(`/models/${found.id}/retrain`, { dataset: (await upload(180)).id })
    expect(again.spec.derivedFeatures).toEqual(derivedFeatures)
    expect((await modelOf(again)).network.inputShape).toEqual([7])
  }, 60_000)
})
