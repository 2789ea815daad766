/** `?boundary=`: what the frames show is what the models answer, and what they showed on the way can be seen later. */
import { beforeAll, describe, expect, it } from 'vitest'
import type { Boundary } from '../../src/contract/boundary.js'
import type { Job } from '../../src/contract/job.js'
import { sharedService } from '../support/shared.js'
import { type Watching, watchJob } from '../support/watching.js'

let service: { url: string }

beforeAll(async () => {
  service = await sharedService()
}, 60_000)

const dense = (units: number, activation: string) => ({ type: 'dense', units, activation })

async function submit(job: object): Promise<Job> {
  const answer = await fetch(`${service.url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(job),
  })
  expect(answer.status).toBe(202)
  return (await answer.json()) as Job
}

const xor = {
  dataset: 'xor',
  network: { layers: [dense(4, 'tanh'), dense(1, 'sigmoid')] },
  loss: 'binaryCrossentropy',
  optimizer: { type: 'adam', learningRate: 0.05 },
  epochs: 500,
  seed: 1,
}

const framesOf = ({ messages }: Watching) =>
  messages.filter((message): message is Boundary => message.type === 'boundary')

/** The answers of a frame, by the names in the contract. */
function answersOf({ values, range: [low, high] }: Boundary): number[] {
  const bytes = Buffer.from(values, 'base64')
  return Array.from(
    { length: bytes.length / 2 },
    (_, index) => low + (bytes.readUInt16LE(2 * index) / 65_535) * (high - low),
  )
}

/** The same from the model, point by point, the first axis running fastest. */
async function predicted(modelId: string | null, { axes, size }: Boundary): Promise<number[]> {
  const at = ({ min, max }: Boundary['axes'][number], position: number) =>
    min + ((max - min) * position) / (size - 1)
  const inputs = Array.from({ length: size ** axes.length }, (_, point) =>
    axes.map((axis, index) => at(axis, Math.floor(point / size ** index) % size)),
  )
  const answer = await fetch(`${service.url}/models/${modelId}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ inputs }),
  })
  const { predictions } = (await answer.json()) as { predictions: { output: number[] }[] }
  return predictions.flatMap(({ output }) => output)
}

/** The outputs of tanh, relu and sigmoid layers, from the weights in the frame. */
function computed({ axes, size, weights }: Boundary): number[] {
  if (weights === undefined) throw new Error('the frame has no weights')
  const bytes = Buffer.from(weights.values, 'base64')
  const tensor = (name: string) => {
    const { shape, offset } = weights.tensors.find((each) => each.name === name) ?? { shape: [0], offset: 0 }
    const length = shape.reduce((product, side) => product * side, 1)
    return Array.from({ length }, (_, index) => bytes.readFloatLE(4 * (offset + index)))
  }
  const functions = [Math.tanh, (z: number) => Math.max(0, z), (z: number) => 1 / (1 + Math.exp(-z))]
  return Array.from({ length: size ** 2 }, (_, point) => {
    const inputs = axes.map(({ min, max }, axis) => {
      const value = min + ((max - min) * (axis === 0 ? point % size : Math.floor(point / size))) / (size - 1)
      return (value - weights.inputs[axis].offset) / weights.inputs[axis].scale
    })
    return functions.reduce((values, activation, layer) => {
      const matrix = tensor(`layers.${layer}.weight`)
      return tensor(`layers.${layer}.bias`).map((bias, unit) =>
        activation(
          values.reduce((sum, value, index) => sum + value * matrix[unit * values.length + index], bias),
        ),
      )
    }, inputs)[0]
  })
}

function expectClose(actual: number[], expected: number[], [low, high]: Boundary['range']): void {
  expect(actual.length).toBe(expected.length)
  const tolerance = (high - low) / 65_535 + 1e-6
  for (const [index, value] of expected.entries())
    expect(Math.abs(actual[index] - value)).toBeLessThan(tolerance)
}

describe('the stream with ?boundary=', () => {
  it('shows how XOR is learned, from the untrained network to the outputs of the model', async () => {
    const { id } = await submit(xor)
    const watching = watchJob(service.url, id, undefined, 'boundary=9')
    const { job } = await watching.ended
    const frames = framesOf(watching)
    const epochs = frames.map(({ epoch }) => epoch)
    expect(epochs.slice(0, 4)).toEqual([0, 1, 2, 3])
    expect(epochs).toEqual([...new Set(epochs)].sort((a, b) => a - b))
    expect(frames.length).toBeGreaterThan(30)
    const last = frames[frames.length - 1]
    expect(last).toMatchObject({ epoch: 500, size: 9, outputs: 1 })
    expect(last.axes).toEqual([
      { column: 'x1', min: -0.25, max: 1.25 },
      { column: 'x2', min: -0.25, max: 1.25 },
    ])
    expectClose(answersOf(last), await predicted(job?.modelId ?? null, last), last.range)
    const spread = ({ range: [low, high] }: Boundary) => high - low
    expect(spread(last)).toBeGreaterThan(0.9)
    expect(spread(last)).toBeGreaterThan(spread(frames[0]))
    expect(watching.epochs().length).toBe(500)
  })

  it('continues after ?after= and replays a finished job', async () => {
    const { id } = await submit(xor)
    await watchJob(service.url, id).ended
    const whole = watchJob(service.url, id, undefined, 'boundary=4')
    await whole.ended
    const rest = watchJob(service.url, id, 100, 'boundary=4')
    await rest.ended
    const expected = framesOf(whole).filter(({ epoch }) => epoch > 100)
    expect(expected.length).toBeGreaterThan(5)
    expect(framesOf(rest)).toEqual(expected)
  })

  it('draws a curve over one input, and every class of several', async () => {
    const sine = await submit({
      dataset: 'sine',
      network: { layers: [dense(16, 'tanh'), dense(1, 'linear')] },
      loss: 'meanSquaredError',
      epochs: 50,
    })
    const blobs = await submit({
      dataset: 'blobs',
      network: { layers: [dense(8, 'relu'), dense(3, 'softmax')] },
      loss: 'categoricalCrossentropy',
      epochs: 50,
      earlyStopping: { monitor: 'loss', patience: 3 },
    })
    for (const [id, numbers, dimensions] of [
      [sine.id, 33, 1],
      [blobs.id, 33 * 33 * 3, 2],
    ] as const) {
      const watching = watchJob(service.url, id, undefined, 'boundary=33')
      const { job } = await watching.ended
      const last = framesOf(watching).at(-1)
      if (last === undefined) throw new Error('no frame came')
      expect(last.epoch).toBe(job?.epoch)
      expect(last.axes.length).toBe(dimensions)
      const answers = answersOf(last)
      expect(answers.length).toBe(numbers)
      expectClose(answers, await predicted(job?.modelId ?? null, last), last.range)
    }
  })

  it('comes while a long training runs, and ends with the cancellation', async () => {
    const { id } = await submit({ ...xor, dataset: { name: 'spirals', rows: 2_000 }, epochs: 1_000_000 })
    const watching = watchJob(service.url, id, undefined, 'boundary=16')
    await expect.poll(() => framesOf(watching).length, { timeout: 20_000 }).toBeGreaterThan(60)
    await fetch(`${service.url}/jobs/${id}/cancel`, { method: 'POST' })
    const { job } = await watching.ended
    expect(job?.status).toBe('cancelled')
    expect(job?.modelId).toBeNull()
  })

  it('has the weights on request, from which the outputs follow', async () => {
    const { id } = await submit({
      ...xor,
      dataset: { name: 'moons', rows: 60 },
      scaling: 'standardize',
      network: { layers: [dense(3, 'tanh'), dense(2, 'relu'), dense(1, 'sigmoid')] },
      epochs: 20,
    })
    const watching = watchJob(service.url, id, undefined, 'boundary=5&weights=true')
    await watching.ended
    const frames = framesOf(watching)
    expect(frames.map(({ epoch }) => epoch).slice(0, 3)).toEqual([0, 1, 2])
    for (const frame of [frames[0], frames[frames.length - 1]]) {
      expectClose(answersOf(frame), computed(frame), frame.range)
    }
    const without = watchJob(service.url, id, undefined, 'boundary=5&weights=false')
    await without.ended
    expect(framesOf(without).map(({ weights }) => weights)).toEqual(frames.map(() => undefined))
    expect((await fetch(`${service.url}/jobs/${id}/stream?boundary=5&weights=1`)).status).toBe(400)
  })

  it('begins with the initial network if the first epoch is longer than the first slice', async () => {
    const { id } = await submit({
      ...xor,
      dataset: { name: 'spirals', rows: 100_000 },
      batchSize: 2,
      epochs: 2,
    })
    const watching = watchJob(service.url, id, undefined, 'boundary=5')
    await watching.ended
    expect(framesOf(watching).map(({ epoch }) => epoch)).toEqual([0, 1, 2])
  })

  it('is refused without a plane to draw on, and for sizes out of range', async () => {
    const { id } = await submit({
      dataset: 'iris',
      network: { layers: [dense(3, 'softmax')] },
      loss: 'categoricalCrossentropy',
      epochs: 1,
    })
    const refusal = await fetch(`${service.url}/jobs/${id}/stream?boundary=64`)
    expect(refusal.status).toBe(400)
    expect(await refusal.json()).toMatchObject({
      code: 'invalid-request',
      errors: [{ pointer: '/boundary', message: expect.stringContaining('4 features') }],
    })
    for (const size of [1, 129]) {
      expect((await fetch(`${service.url}/jobs/${id}/stream?boundary=${size}`)).status).toBe(400)
    }
  })
})
