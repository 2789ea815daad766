/** Claims of the lecture, asserted on the results of its demonstrations on the running service, and its command. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { request } from '../../examples/client.js'
import { readDigits, readPictures } from '../../examples/digits.js'
import { booleanFigures, booleanFunction } from '../../examples/lecture/boolean-function.js'
import { type AnyDemonstration, catalogue } from '../../examples/lecture/catalogue.js'
import { initialSettings } from '../../examples/lecture/demonstration.js'
import { serviceLaboratory } from '../../examples/service-laboratory.js'
import { dense, train } from '../../examples/training.js'
import { modelSchema, predictionsSchema } from '../../src/contract/model.js'
import { problemSchema } from '../../src/contract/problems.js'
import { digitsCsv } from '../support/digits.js'
import { sharedService } from '../support/shared.js'

let service: { url: string }

beforeAll(async () => {
  service = await sharedService()
}, 60_000)

// The others train longer. test/examples/claims.test.ts trains all of them in the engine.
it.each([
  'perceptron',
  'xor',
  'matrices',
  'boolean-function',
  'descent',
  'back-propagation',
  'sampling',
  'momentum',
] as const)('the service confirms %s', async (id) => {
  const demonstration = catalogue[id] as AnyDemonstration
  const settings = initialSettings(demonstration.controls)
  const figures = await demonstration.measure(serviceLaboratory(service.url), settings, [1, 2, 3, 4, 5])
  expect(demonstration.holds(figures)).toBe(true)
}, 120_000)

it('XOR cannot be computed by one threshold unit with any weights: it is not linearly separable', () => {
  const quarters = Array.from({ length: 33 }, (_, index) => (index - 16) / 4)
  const separating = quarters.flatMap((w1) =>
    quarters.flatMap((w2) => quarters.filter((b) => b < 0 && w2 + b >= 0 && w1 + b >= 0 && w1 + w2 + b < 0)),
  )
  expect(separating).toEqual([])
})

describe('a Boolean function as a network', () => {
  it.each(['01101001', '00', '11', '10', '0111', '1000000000000001'])('%s', async (truth) => {
    const figures = await booleanFigures(serviceLaboratory(service.url), truth)
    expect(booleanFunction.holds(figures)).toBe(true)
    expect(figures.outputs).toEqual([...truth].map(Number))
  })

  it('rejects an invalid truth table', () => {
    expect(() => booleanFigures(serviceLaboratory(service.url), '011')).toThrow('a truth table is')
  })

  it('is available like any model: at its location, by name, in the list', async () => {
    const response = await fetch(`${service.url}/models`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'majority', construct: { dnf: { inputs: 3, trueRows: [3, 5, 6, 7] } } }),
    })
    expect(response.status).toBe(201)
    const location = response.headers.get('location')
    const model = modelSchema.parse(await response.json())
    expect(location).toBe(`/models/${model.id}`)
    expect(await request(`${service.url}${location}`, modelSchema)).toEqual(model)
    const asked = await request(`${service.url}${location}/predict?x1=1&x2=0&x3=1`, predictionsSchema)
    expect(asked).toEqual({ modelId: model.id, predictions: [{ output: [1] }] })
    const list = await request(`${service.url}/models`, z.object({ data: z.array(modelSchema) }))
    expect(list.data[0]).toEqual(model)
  })
})

it('a small convolutional network reads real handwritten digits', async () => {
  const pictures = readPictures(digitsCsv())
  expect(pictures).toMatchObject({ side: 8, black: 16 })
  const [convolutional] = await readDigits(service.url, pictures)
  expect(convolutional.accuracy).toBeGreaterThan(0.94)
}, 60_000)

describe('the built-in datasets', () => {
  it('iris is standardized, and the model stores its coding', async () => {
    const { modelId, epochs } = await train(service.url, {
      dataset: 'iris',
      network: { layers: [dense(16, 'relu'), dense(3, 'softmax')] },
      loss: 'categoricalCrossentropy',
      optimizer: { type: 'adam', learningRate: 0.01 },
      epochs: 60,
      seed: 1,
    })
    expect(epochs.at(-1)?.accuracy).toBeGreaterThan(0.95)
    const { coding, classes } = await request(`${service.url}/models/${modelId}`, modelSchema)
    const [{ offset, scale }] = coding.features.filter((feature) => feature.type === 'number')
    expect(offset).toBeCloseTo(5.8433, 3)
    expect(scale).toBeCloseTo(0.8253, 3)
    expect(classes).toEqual(['setosa', 'versicolor', 'virginica'])
  })

  it('a generated dataset appears with all its settings in the accepted spec', async () => {
    const { job, epochs } = await train(service.url, {
      dataset: { name: 'blobs', rows: 90, seed: 7 },
      network: { layers: [dense(3, 'softmax')] },
      loss: 'categoricalCrossentropy',
      optimizer: { type: 'adam', learningRate: 0.1 },
      epochs: 100,
      validationSplit: 0.3,
      seed: 1,
    })
    expect(job.spec.dataset).toEqual({ name: 'blobs', rows: 90, classes: 3, noise: 0.5, seed: 7 })
    expect(epochs.at(-1)?.valAccuracy).toBeGreaterThan(0.9)
  })

  it.each([
    [{ name: 'spiral' }, '/dataset/name', 'parity, sine, blobs'],
    [{ name: 'spirals', rows: 1 }, '/dataset/rows', 'at least 2'],
    [{ name: 'spirals', row: 5 }, '/dataset/row', 'known field'],
    [{ x: [[0], [1]], y: [0, 1], z: 1 }, '/dataset/z', 'known field'],
  ])('%o is refused where it is wrong', async (dataset, pointer, words) => {
    const response = await fetch(`${service.url}/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ dataset, network: { layers: [dense(1, 'linear')] }, loss: 'hinge', epochs: 1 }),
    })
    expect(response.status).toBe(400)
    const { errors } = problemSchema.parse(await response.json())
    expect(errors).toHaveLength(1)
    expect(errors[0].pointer).toBe(pointer)
    expect(errors[0].message).toContain(words)
  })
})

describe('the command', () => {
  const example = async (...args: string[]) => {
    const { hostname, port } = new URL(service.url)
    const environment = { ...process.env, HOST: hostname, PORT: port }
    const run = promisify(execFile)(process.execPath, ['dist/examples/main.js', ...args], {
      env: environment,
    })
    return run.then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
        code,
        stdout,
        stderr,
      }),
    )
  }

  it('runs a demonstration against a running service', async () => {
    const { code, stdout } = await example('perceptron')
    expect(code).toBe(0)
    expect(stdout).toContain('AND was learned with 5 of 5 seeds')
    expect(stdout).toContain('XOR was learned with 0 of 5 seeds')
    expect(stdout).toContain('w₁ + w₂ + b < 0')
    expect(stdout).toMatch(/^Confirmed: /m)
    expect(stdout).not.toContain('starting one')
  })

  it('accepts a control, and rejects other values', async () => {
    const { code, stdout } = await example('descent', 'condition=30')
    expect(code).toBe(0)
    expect(stdout).toMatch(/× {2}minimum/)
    expect(stdout).toMatch(/^Confirmed: /m)
    expect(await example('descent', 'condition=7')).toMatchObject({
      code: 1,
      stderr: 'The demonstration failed: "condition=7" is none of: condition=2|8|30\n',
    })
  })

  it('accepts a truth table', async () => {
    const { code, stdout } = await example('boolean-function', '0110')
    expect(code).toBe(0)
    expect(stdout).toContain('f = ¬x1∧x2 ∨ x1∧¬x2')
    expect(stdout).not.toContain('WRONG')
  })

  it('tries to overturn a sentence', async () => {
    const { code, stdout } = await example('--check', 'loss')
    expect(code).toBe(0)
    expect(stdout).toContain('stands  start at z = -12')
    expect(stdout).toMatch(/attempts, 0 overturned/)
  })

  it('lists the demonstrations and rejects an unknown name', async () => {
    expect(await example()).toMatchObject({ code: 0, stdout: expect.stringContaining('shared-weights') })
    const unknown = await example('nonsense')
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('"nonsense"') })
  })

  it('fails with one sentence', async () => {
    const { code, stderr } = await example('boolean-function', '012')
    expect(code).toBe(1)
    expect(stderr).toBe(
      'The demonstration failed: a truth table is 2, 4, 8, 16 … zeros and ones, not "012"\n',
    )
  })
})
