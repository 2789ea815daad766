/** Claims of the lecture, asserted on the results of its demonstrations on the running service. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { approximate } from '../../examples/approximation.js'
import { constructFunction, parityTable } from '../../examples/boolean-function.js'
import { request } from '../../examples/client.js'
import { compareDepths } from '../../examples/depth.js'
import { descend } from '../../examples/descent.js'
import { drawnPictures, readDigits, readPictures } from '../../examples/digits.js'
import { truthTableRows } from '../../examples/lecture/boolean-function.js'
import { catalogue } from '../../examples/lecture/catalogue.js'
import { compareOptimizers } from '../../examples/momentum.js'
import { learnBooleanFunctions } from '../../examples/perceptron.js'
import { shareWeights } from '../../examples/shared-weights.js'
import { shiftSignals } from '../../examples/shift.js'
import { dense, median, train } from '../../examples/training.js'
import { learnXor } from '../../examples/xor.js'
import { modelSchema, predictionsSchema } from '../../src/contract/model.js'
import { problemSchema } from '../../src/contract/problems.js'
import { digitsCsv } from '../support/digits.js'
import { sharedService } from '../support/shared.js'

let service: { url: string }

beforeAll(async () => {
  service = await sharedService()
}, 60_000)

describe('one threshold unit', () => {
  it('learns AND and OR by Rosenblatt’s rule; on XOR its weights cycle', async () => {
    const [and, or, xor] = await learnBooleanFunctions(service.url)
    const outputs = { and: and.answers, or: or.answers, xor: xor.answers }
    expect(catalogue.perceptron.holds(outputs)).toBe(true)
    for (const { mistakes, cycle } of [and, or]) {
      expect(mistakes.at(-1)).toBe(0)
      expect(cycle).toBeUndefined()
    }
    expect(Math.min(...xor.mistakes)).toBeGreaterThan(0)
    const [earlier, later] = xor.cycle ?? [0, 0]
    expect(later).toBeGreaterThan(earlier)
    expect(xor.weights[later - 1]).toEqual(xor.weights[earlier - 1])
    expect([and, or, xor].map(({ sameAsService }) => sameAsService)).toEqual([true, true, true])
  })

  it('cannot compute XOR with any weights: it is not linearly separable', () => {
    const quarters = Array.from({ length: 33 }, (_, index) => (index - 16) / 4)
    const separating = quarters.flatMap((w1) =>
      quarters.flatMap((w2) =>
        quarters.filter((b) => b < 0 && w2 + b >= 0 && w1 + b >= 0 && w1 + w2 + b < 0),
      ),
    )
    expect(separating).toEqual([])
  })
})

it('two layers learn XOR', async () => {
  const { answers, losses } = await learnXor(service.url)
  expect(catalogue.xor.holds({ outputs: answers, loss: losses[losses.length - 1] })).toBe(true)
})

describe('a Boolean function as a network', () => {
  it.each([parityTable, '00', '11', '10', '0111', '1000000000000001'])('%s', async (truth) => {
    const { answers, inputs, trueRows, model } = await constructFunction(service.url, truth)
    const targets = [...truth].map(Number)
    expect(catalogue['boolean-function'].holds({ targets, outputs: answers })).toBe(true)
    expect(truthTableRows(inputs)).toHaveLength(truth.length)
    expect(model.jobId).toBeNull()
    expect(model.layers[0].outputShape).toEqual([Math.max(1, trueRows.length)])
  })

  it('rejects an invalid truth table', async () => {
    await expect(constructFunction(service.url, '011')).rejects.toThrow('a truth table is')
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

it('a wider hidden layer approximates a continuous function better', async () => {
  for (const { byWidth } of await approximate(service.url)) {
    expect(catalogue.approximation.holds(byWidth.map(({ error }) => error))).toBe(true)
  }
}, 60_000)

it('with equally many parameters, three narrow layers learn spirals and parity, one wide layer does not', async () => {
  for (const { networks } of await compareDepths(service.url)) {
    expect(networks.map(({ hidden }) => hidden.length)).toEqual([1, 2, 3, 4])
    const figures = networks.map(({ parameters, losses, accuracies }) => {
      return { parameters, loss: median(losses), accuracy: median(accuracies) }
    })
    expect(catalogue.depth.holds(figures)).toBe(true)
  }
}, 60_000)

it('more steps per epoch descend faster; per step, full batches descend best', async () => {
  const descents = await descend(service.url)
  expect(descents.map(({ stepsPerEpoch }) => stepsPerEpoch)).toEqual([1, 20, 400])
  expect(catalogue.descent.holds(descents.map(({ losses }) => losses))).toBe(true)
})

it('momentum and Adam cross a narrow valley faster than plain descent', async () => {
  const results = await compareOptimizers(service.url)
  expect(catalogue.momentum.holds(results.map(({ losses }) => losses[losses.length - 1]))).toBe(true)
})

it('a convolution is equivariant to shifts; a dense layer is not', async () => {
  const { signals, parameters } = await shiftSignals(service.url)
  expect(parameters).toEqual({ convolution: 4, dense: 378 })
  const [first, , second] = signals
  for (const [index, value] of first.convolution.slice(0, -3).entries()) {
    expect(second.convolution[index + 3]).toBeCloseTo(value, 5)
  }
  const outputs = {
    convolution: signals.map(({ convolution }) => convolution),
    dense: signals.map(({ dense }) => dense),
  }
  expect(catalogue.shift.holds(outputs)).toBe(true)
})

it('shared weights are fewer and generalize from fewer rows', async () => {
  const [shared, own, dense] = await shareWeights(service.url)
  expect([shared, own, dense].map(({ parameters }) => parameters)).toEqual([4, 56, 238])
  const errors = [shared, own, dense].map(({ byRows }) => byRows.map(({ unseen }) => unseen))
  expect(catalogue['shared-weights'].holds(errors)).toBe(true)
  expect(own.byRows[0].seen).toBeLessThan(shared.byRows[0].seen)
})

describe('a small convolutional network', () => {
  it('reads digits at any position, better than a dense network with more parameters', async () => {
    const [convolutional, dense] = await readDigits(service.url, drawnPictures())
    expect(catalogue.digits.holds({ convolutional, dense })).toBe(true)
  }, 60_000)

  it('reads real handwritten digits', async () => {
    const pictures = readPictures(digitsCsv())
    expect(pictures).toMatchObject({ side: 8, black: 16 })
    const [convolutional] = await readDigits(service.url, pictures)
    expect(convolutional.accuracy).toBeGreaterThan(0.94)
  }, 60_000)
})

describe('the built-in datasets', () => {
  it('iris is standardized, and the model stores its coding', async () => {
    const { modelId, last } = await train(service.url, {
      dataset: 'iris',
      network: { layers: [dense(16, 'relu'), dense(3, 'softmax')] },
      loss: 'categoricalCrossentropy',
      optimizer: { type: 'adam', learningRate: 0.01 },
      epochs: 60,
      seed: 1,
    })
    expect(last.accuracy).toBeGreaterThan(0.95)
    const { coding, classes } = await request(`${service.url}/models/${modelId}`, modelSchema)
    const [{ offset, scale }] = coding.features.filter((feature) => feature.type === 'number')
    expect(offset).toBeCloseTo(5.8433, 3)
    expect(scale).toBeCloseTo(0.8253, 3)
    expect(classes).toEqual(['setosa', 'versicolor', 'virginica'])
  })

  it('a generated dataset appears with all its settings in the accepted spec', async () => {
    const { job, last } = await train(service.url, {
      dataset: { name: 'blobs', rows: 90, seed: 7 },
      network: { layers: [dense(3, 'softmax')] },
      loss: 'categoricalCrossentropy',
      optimizer: { type: 'adam', learningRate: 0.1 },
      epochs: 100,
      validationSplit: 0.3,
      seed: 1,
    })
    expect(job.spec.dataset).toEqual({ name: 'blobs', rows: 90, classes: 3, noise: 0.5, seed: 7 })
    expect(last.valAccuracy).toBeGreaterThan(0.9)
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
    expect(stdout).toContain('AND: learned')
    expect(stdout).toContain('OR: learned')
    expect(stdout).toContain('XOR: not learned')
    expect(stdout).not.toContain('NOT')
    expect(stdout).not.toContain('starting one')
  })

  it('draws a network', async () => {
    const { code, stdout } = await example('xor')
    expect(code).toBe(0)
    expect(stdout).toContain('0 xor 1 → 0.99')
    expect(stdout).toMatch(/loss │ • 2 → 4 tanh/)
    expect(stdout).toMatch(/█.*0/)
  })

  it('accepts a truth table', async () => {
    const { code, stdout } = await example('boolean-function', '0110')
    expect(code).toBe(0)
    expect(stdout).toContain('f = ¬x1∧x2 ∨ x1∧¬x2')
    expect(stdout).not.toContain('WRONG')
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
