/** Definitions against known values, values computed by hand, or another formula. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Initializer, Schedule } from '../../src/contract/network.js'
import { ImprovementWatch } from '../../src/engine/early-stopping.js'
import { Dataset, readEpochs, splitRows, splitSizes, splitStratified, train } from '../../src/engine/index.js'
import { fillInitial } from '../../src/engine/initializers.js'
import { activationFunctions, erf } from '../../src/engine/kernels/reference/activation.js'
import { learningRateAt, sharedEpochs } from '../../src/engine/schedules.js'
import type { Weights } from '../../src/engine/weights.js'
import { type SpecInput, trainingCase } from '../support/training-case.js'

describe('erf', () => {
  test.each([
    [0, 0],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [2, 0.9953222650189527],
    [2.9, 0.9999589021219005],
    [3.1, 0.9999883513426328],
    [4, 0.9999999845827421],
    [7, 1],
  ])('of %f', (x, value) => {
    expect(erf(x)).toBeCloseTo(value, 14)
    expect(erf(-x)).toBeCloseTo(-value, 14)
  })
})

describe('activations', () => {
  test.each([
    ['step', [-1e-9, 0, 2], [0, 1, 1]],
    ['sigmoid', [-800, 0, 800], [0, 0.5, 1]],
    ['relu', [-2, 0, 3], [0, 0, 3]],
    ['leakyRelu', [-2, 0, 3], [-0.02, 0, 3]],
    ['elu', [-1, 0, 3], [Math.exp(-1) - 1, 0, 3]],
    ['gelu', [-1, 0, 1], [-0.15865525393145707, 0, 0.8413447460685429]],
    ['softplus', [-800, 0, 800], [0, Math.LN2, 800]],
  ] as const)('%s', (name, inputs, outputs) => {
    inputs.forEach((z, i) => {
      expect(activationFunctions[name].value(z)).toBeCloseTo(outputs[i] ?? Number.NaN, 12)
    })
  })

  test('relu propagates NaN, so that a divergence is detected', () => {
    expect(activationFunctions.relu.value(Number.NaN)).toBeNaN()
  })
})

describe('schedules', () => {
  const rates = (schedule: Schedule, epochs: number) =>
    Array.from({ length: epochs }, (_, epoch) => learningRateAt(0.8, schedule, epoch, epochs))

  test('none and constant', () => {
    expect(rates({ type: 'constant', warmupEpochs: 0 }, 2)).toEqual([0.8, 0.8])
  })

  test('warm-up rises in equal steps to the full rate', () => {
    const [first = 0, second = 0, third = 0, fourth = 0, fifth = 0] = rates(
      { type: 'constant', warmupEpochs: 3 },
      5,
    )
    expect(first).toBeCloseTo(0.2, 12)
    expect(second).toBeCloseTo(0.4, 12)
    expect(third).toBeCloseTo(0.6, 12)
    expect([fourth, fifth]).toEqual([0.8, 0.8])
  })

  /** Short ones, so that they often meet. */
  const warmup = { warmupEpochs: fc.integer({ min: 0, max: 2 }) }
  const factor = fc.constantFrom(0.1, 0.5, 1)
  const anySchedule: fc.Arbitrary<Schedule | undefined> = fc.oneof(
    fc.constant(undefined),
    fc.record({ type: fc.constant('constant' as const), ...warmup }),
    fc.record({
      type: fc.constant('step' as const),
      stepEpochs: fc.integer({ min: 1, max: 4 }),
      factor,
      ...warmup,
    }),
    fc.record({ type: fc.constant('exponential' as const), factor, ...warmup }),
    fc.record({ type: fc.constant('cosine' as const), finalFactor: fc.constantFrom(0, 0.5), ...warmup }),
  )
  const anyRates = fc.record({ epochs: fc.integer({ min: 1, max: 12 }), schedule: anySchedule })

  test('two trainings have the same rates in their shared epochs', () => {
    const ratesOf = ({ epochs, schedule }: { epochs: number; schedule: Schedule | undefined }) =>
      rates(schedule ?? { type: 'constant', warmupEpochs: 0 }, epochs)
    fc.assert(
      fc.property(anyRates, anyRates, (one, other) => {
        const shared = sharedEpochs(one, other)
        expect(shared).toBeLessThanOrEqual(Math.min(one.epochs, other.epochs))
        expect(ratesOf(one).slice(0, shared)).toEqual(ratesOf(other).slice(0, shared))
      }),
      { numRuns: 2_000 },
    )
  })

  const step = (stepEpochs: number, warmupEpochs = 0): Schedule => ({
    ...{ type: 'step', stepEpochs, factor: 0.1, warmupEpochs },
  })
  const cosine: Schedule = { type: 'cosine', finalFactor: 0, warmupEpochs: 5 }
  test.each<[string, number, Parameters<typeof sharedEpochs>]>([
    ['all of the shorter one with a constant rate', 100, [{ epochs: 100 }, { epochs: 1_000 }]],
    [
      'all of the shorter one with the same steps',
      100,
      [
        { epochs: 100, schedule: step(30) },
        { epochs: 1_000, schedule: step(30) },
      ],
    ],
    [
      'those before the first drop',
      35,
      [
        { epochs: 100, schedule: step(30, 5) },
        { epochs: 100, schedule: step(50, 5) },
      ],
    ],
    ['those before the drop of one', 30, [{ epochs: 100 }, { epochs: 100, schedule: step(30) }]],
    [
      'the warm-up of a cosine over other epochs',
      5,
      [
        { epochs: 100, schedule: cosine },
        { epochs: 200, schedule: cosine },
      ],
    ],
    [
      'none after another warm-up',
      0,
      [
        { epochs: 100, schedule: step(30, 5) },
        { epochs: 100, schedule: step(30, 6) },
      ],
    ],
  ])('trainings share %s', (_what, epochs, [one, other]) => {
    expect(sharedEpochs(one, other)).toBe(epochs)
    expect(sharedEpochs(other, one)).toBe(epochs)
  })

  test('step and exponential', () => {
    const steps = rates({ type: 'step', stepEpochs: 2, factor: 0.5, warmupEpochs: 1 }, 6)
    expect(steps).toEqual([0.4, 0.8, 0.8, 0.4, 0.4, 0.2])
    expect(rates({ type: 'exponential', factor: 0.5, warmupEpochs: 0 }, 3)).toEqual([0.8, 0.4, 0.2])
  })

  test('cosine starts at the rate, is halfway in the middle and ends at finalFactor', () => {
    const cosine = rates({ type: 'cosine', finalFactor: 0.25, warmupEpochs: 0 }, 5)
    expect(cosine[0]).toBeCloseTo(0.8, 12)
    expect(cosine[2]).toBeCloseTo(0.5, 12)
    expect(cosine[4]).toBeCloseTo(0.2, 12)
    expect(rates({ type: 'cosine', finalFactor: 0, warmupEpochs: 1 }, 2).every(Number.isFinite)).toBe(true)
  })
})

describe('initializers', () => {
  const drawn = (initializer: Initializer, seed = 1, layer = 0) => {
    const values = new Float32Array(30_001)
    fillInitial(values, { type: 'drawn', layer, initializer, fanIn: 30, fanOut: 70 }, seed)
    return values
  }
  const moments = (values: Float32Array) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    return { mean, deviation: Math.sqrt(variance), largest }
  }

  test.each([
    ['glorotUniform', Math.sqrt(2 / 100), Math.sqrt(6 / 100)],
    ['heUniform', Math.sqrt(2 / 30), Math.sqrt(6 / 30)],
    ['uniform', 0.05 / Math.sqrt(3), 0.05],
    ['glorotNormal', Math.sqrt(2 / 100), Number.POSITIVE_INFINITY],
    ['heNormal', Math.sqrt(2 / 30), Number.POSITIVE_INFINITY],
    ['normal', 0.05, Number.POSITIVE_INFINITY],
  ] as const)('%s has its deviation and its limit', (initializer, deviation, limit) => {
    const { mean, deviation: measured, largest } = moments(drawn(initializer))
    expect(Math.abs(mean)).toBeLessThan(0.03 * deviation)
    expect(measured / deviation).toBeCloseTo(1, 1.7)
    expect(largest).toBeLessThanOrEqual(Math.fround(limit))
    expect(largest).toBeGreaterThan(1.7 * deviation)
  })

  test('both values of a normal pair are independent', () => {
    const values = drawn('normal')
    const products = Array.from({ length: 15_000 }, (_, pair) => values[2 * pair] * values[2 * pair + 1])
    const covariance = products.reduce((sum, product) => sum + product, 0) / products.length
    expect(Math.abs(covariance) / 0.05 ** 2).toBeLessThan(0.04)
  })

  test('zeros are zeros', () => {
    expect(drawn('zeros').every((value) => value === 0)).toBe(true)
  })

  test('seeds and layers differ', () => {
    const first = drawn('heNormal')
    expect(drawn('heNormal')).toEqual(first)
    expect(drawn('heNormal', 2)).not.toEqual(first)
    expect(drawn('heNormal', 1, 1)).not.toEqual(first)
  })
})

describe('early stopping', () => {
  const judged = (rule: Partial<ImprovementWatch['rule']>, values: (number | null)[]) => {
    const watch = new ImprovementWatch({
      monitor: 'loss',
      patience: 2,
      minDelta: 0,
      restoreBest: true,
      ...rule,
    })
    const nothing = { accuracy: null, valLoss: null, valAccuracy: null }
    return values.map((value, i) => {
      const metric = { [watch.rule.monitor]: value }
      return watch.judge({ epoch: i + 1, loss: null, ...nothing, ...metric })
    })
  }

  test('waits for patience epochs without improvement', () => {
    expect(judged({}, [3, 2, 2, 1, 1, 2])).toEqual([
      'improved',
      'improved',
      'wait',
      'improved',
      'wait',
      'stop',
    ])
  })

  test('an accuracy improves by growing', () => {
    expect(judged({ monitor: 'accuracy' }, [0.5, 0.7, 0.6, 0.7])).toEqual([
      'improved',
      'improved',
      'wait',
      'stop',
    ])
  })

  test('counts only improvements by more than minDelta', () => {
    expect(judged({ minDelta: 0.5 }, [3, 2.6, 2.4, 2])).toEqual(['improved', 'wait', 'improved', 'wait'])
  })

  test('without patience, the first epoch without improvement is the last', () => {
    expect(judged({ patience: 0 }, [3, 2, 2])).toEqual(['improved', 'improved', 'stop'])
    expect(judged({ patience: 1 }, [3, 2, 2])).toEqual(['improved', 'improved', 'stop'])
  })
})

describe('stratified splitting', () => {
  const classesOf = (...counts: number[]) =>
    Int32Array.from(counts.flatMap((count, one) => new Array<number>(count).fill(one)))
  const heldOf = (classes: Int32Array, share: number, seed = 7) => {
    const { validation } = splitStratified(classes, share, seed)
    return [...new Set(classes)].map((one) => validation.filter((row) => classes[row] === one).length)
  }

  test('holds out the share of every class, rounded by largest remainder', () => {
    expect(heldOf(classesOf(50, 30, 20), 0.2)).toEqual([10, 6, 4])
    // 3 of 10 rows; exact shares per class: 2.1, 0.6 and 0.3.
    expect(heldOf(classesOf(7, 2, 1), 0.3)).toEqual([2, 1, 0])
  })

  test('keeps a training row of every class, unless too few rows remain', () => {
    expect(heldOf(classesOf(1, 1, 8), 0.5)).toEqual([0, 0, 5])
    expect(heldOf(classesOf(1, 1, 1, 1), 0.5).reduce((sum, held) => sum + held, 0)).toBe(2)
  })

  test('splits all rows differently for each seed, in ascending order, for any classes', () => {
    const classes = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(classes, fc.double({ min: 0, max: 0.9, noNaN: true }), fc.nat(), (list, share, seed) => {
        const { training, validation } = splitStratified(Int32Array.from(list), share, seed)
        expect(validation.length).toBe(splitSizes(list.length, share).validation)
        expect([...training, ...validation].sort((a, b) => a - b)).toEqual([...list.keys()])
        expect([...training]).toEqual([...training].sort((a, b) => a - b))
        expect([...validation]).toEqual([...validation].sort((a, b) => a - b))
      }),
    )
    const many = classesOf(500, 500)
    expect(splitStratified(many, 0.25, 8).validation).not.toEqual(splitStratified(many, 0.25, 7).validation)
    expect(splitStratified(many, 0.25, 8)).toEqual(splitStratified(many, 0.25, 8))
  })
})

describe('splitting', () => {
  test('contains every row once, in ascending order, with a rounded validation size', () => {
    const { training, validation } = splitRows(10, 0.25, 7)
    expect(validation).toHaveLength(3)
    expect([...training, ...validation].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect([...training]).toEqual([...training].sort((a, b) => a - b))
    expect(splitRows(10, 0.25, 7)).toEqual({ training, validation })
    expect(splitRows(1000, 0.25, 8).validation).not.toEqual(splitRows(1000, 0.25, 7).validation)
  })

  test('keeps at least one training row', () => {
    expect(splitSizes(1, 0.9)).toEqual({ training: 1, validation: 0 })
    expect(splitSizes(2, 0.99)).toEqual({ training: 1, validation: 1 })
    expect(splitSizes(8, 0)).toEqual({ training: 8, validation: 0 })
  })
})

describe('initial weights', () => {
  const spec: SpecInput = {
    network: {
      inputShape: [3],
      layers: [{ type: 'dense', units: 2 }, { type: 'batchNormalization' }, { type: 'dense', units: 1 }],
    },
    loss: 'meanSquaredError',
    epochs: 1,
  }
  const { program, dataset } = trainingCase(spec, 8)
  const start = (initialWeights?: Weights) =>
    train(program, dataset(), { backend: 'reference', seed: 1, initialWeights })
  const trained = () => {
    const training = start()
    training.run()
    return training.weights()
  }

  test('start from a model, including its running state', () => {
    const weights = trained()
    expect(weights.get('layers.1.runningMean')?.values.some((value) => value !== 0)).toBe(true)
    expect(start(weights).weights()).toEqual(weights)
  })

  test('initialize missing running state', () => {
    const weights = trained()
    weights.delete('layers.1.runningMean')
    weights.delete('layers.1.runningVar')
    const fresh = start(weights).weights()
    expect([...(fresh.get('layers.1.runningMean')?.values ?? [])]).toEqual([0, 0])
    expect([...(fresh.get('layers.1.runningVar')?.values ?? [])]).toEqual([1, 1])
  })

  test.each<[string, (weights: Weights) => void, RegExp]>([
    [
      'another shape',
      (weights) => weights.set('layers.0.weight', { shape: [4, 3], values: new Float32Array(12) }),
      /layers.0.weight is \[4, 3\] in the weights but \[2, 3\] in this network/,
    ],
    [
      'fewer dimensions',
      (weights) => weights.set('layers.0.weight', { shape: [2], values: new Float32Array(6) }),
      /layers.0.weight is \[2\] in the weights but \[2, 3\] in this network/,
    ],
    [
      'a missing tensor',
      (weights) => weights.delete('layers.2.bias'),
      /not contain layers.2.bias, which is \[1\]/,
    ],
    [
      'an unknown tensor',
      (weights) => weights.set('layers.5.weight', { shape: [1], values: new Float32Array(1) }),
      /contain layers.5.weight \[1\], which this network does not have/,
    ],
    [
      'too few values',
      (weights) => weights.set('layers.2.bias', { shape: [1], values: new Float32Array(0) }),
      /needs 1 values, but has 0/,
    ],
  ])('rejects %s by name', (_, change, words) => {
    const weights = trained()
    change(weights)
    expect(() => start(weights)).toThrow(expect.objectContaining({ name: 'SpecError', pointer: '/from' }))
    expect(() => start(weights)).toThrow(words)
    const data = dataset()
    const refused = () => train(program, data, { backend: 'reference', seed: 1, initialWeights: weights })
    const free = data.memory.reserve(64)
    expect(refused).toThrow()
    expect(data.memory.reserve(64)).toBe(free + 64)
  })
})

describe('metrics', () => {
  const zero = (program: ReturnType<typeof trainingCase>['program']): Weights =>
    new Map(
      program.tensors.map(({ name, shape }) => {
        const length = shape.reduce((product, size) => product * size, 1)
        return [name, { shape, values: new Float32Array(length) }]
      }),
    )
  const measured = (
    layers: SpecInput['network']['layers'],
    loss: SpecInput['loss'],
    biases: number[],
    rows = 6,
  ) => {
    const optimizer = { type: 'sgd' as const, learningRate: 1e-30 }
    const { program, dataset } = trainingCase(
      { network: { inputShape: [2], layers }, loss, optimizer, epochs: 1 },
      rows,
    )
    const weights = zero(program)
    weights.get('layers.0.bias')?.values.set(biases)
    const training = train(program, dataset(), { backend: 'reference', seed: 1, initialWeights: weights })
    return readEpochs(training.run().epochs)[0]
  }

  // Two outputs of six rows; the targets are 1 0 0 1 0 0 …: four ones in twelve.
  test.each([
    ['binaryCrossentropy', 'sigmoid', [-1, -1], 8 / 12],
    ['binaryCrossentropy', 'sigmoid', [0, 0], 4 / 12],
    ['hinge', 'linear', [-1, -1], 8 / 12],
    ['perceptron', 'step', [1, 1], 4 / 12],
    ['perceptron', 'step', [1, -1], 6 / 12],
  ] as const)('%s counts each output: %s at %j', (loss, activation, biases, accuracy) => {
    const layers = [{ type: 'dense', units: 2, activation }] as const
    expect(measured([...layers], loss, [...biases])?.accuracy).toBeCloseTo(accuracy, 12)
  })

  test('categoricalCrossentropy counts rows whose first largest output is the class', () => {
    const layers = [{ type: 'dense', units: 3, activation: 'softmax' }] as const
    const equal = measured([...layers], 'categoricalCrossentropy', [0, 0, 0])
    expect(equal?.accuracy).toBeCloseTo(2 / 6, 12)
    expect(equal?.loss).toBeCloseTo(Math.log(3), 6)
  })

  test('a regression has no accuracy', () => {
    expect(measured([{ type: 'dense', units: 2 }], 'huber', [0, 0])?.accuracy).toBeNull()
  })

  test('of equal largest outputs, the first counts', () => {
    const layers = [{ type: 'dense', units: 3, activation: 'softmax' }] as const
    // Two of four rows have the first class, and one the last.
    expect(measured([...layers], 'categoricalCrossentropy', [0, 0, 0], 4)?.accuracy).toBeCloseTo(2 / 4, 12)
  })

  // Distances ½, 2 and −2½ from the target 1.
  test.each([
    [1.5, 0.125],
    [3, 1.5],
    [-1.5, 2],
  ])('huber of the output %d is %d', (output, expected) => {
    const network = { inputShape: [2], layers: [{ type: 'dense' as const, units: 1 }] }
    const optimizer = { type: 'sgd' as const, learningRate: 1e-30 }
    const { program } = trainingCase({ network, loss: 'huber', optimizer, epochs: 1 }, 1)
    const rows = { training: Int32Array.of(0), validation: Int32Array.of() }
    const initialWeights = zero(program)
    initialWeights.get('layers.0.bias')?.values.fill(output)
    const training = train(program, Dataset.from([0, 0], [1], rows), {
      backend: 'reference',
      seed: 1,
      initialWeights,
    })
    expect(readEpochs(training.run().epochs)[0]?.loss).toBeCloseTo(expected, 12)
  })

  test('hinge is 1 − y of a positive target, and 1 + y of a negative one', () => {
    const loss = measured([{ type: 'dense', units: 2 }], 'hinge', [0.5, 0.5])?.loss
    expect(loss).toBeCloseTo((4 * 0.5 + 8 * 1.5) / 12, 12)
  })

  test('hinge at zero output is one', () => {
    expect(measured([{ type: 'dense', units: 2 }], 'hinge', [0, 0])?.loss).toBeCloseTo(1, 12)
  })
})

describe('dropout', () => {
  test('zeroes its share, scales the others, and draws new masks per step and layer', () => {
    const layers: SpecInput['network']['layers'] = [
      { type: 'dropout', rate: 0.25 },
      { type: 'dropout', rate: 0.25 },
      { type: 'dense', units: 1 },
    ]
    const case_ = trainingCase(
      { network: { inputShape: [400], layers }, loss: 'huber', epochs: 2, batchSize: 'full' },
      40,
    )
    const data = case_.dataset()
    const training = train(case_.program, data, { backend: 'reference', seed: 1 })
    const masks = [1, 2].map(() => {
      training.run({ maximumSteps: 1 })
      return ['layers.0.mask', 'layers.1.mask'].map((name) => {
        const mask = case_.program.buffers.find((buffer) => buffer.name === name)
        if (mask === undefined) throw new Error(`there is no ${name}`)
        return new Float32Array(data.memory.float32(arenaOf(data) + 4 * mask.offset, mask.length))
      })
    })
    for (const mask of masks.flat()) {
      const kept = mask.filter((value) => value === Math.fround(1 / 0.75)).length
      expect(kept + mask.filter((value) => value === 0).length).toBe(16_000)
      expect(kept / 16_000).toBeCloseTo(0.75, 1.7)
    }
    expect(new Set(masks.flat().map((mask) => mask.join())).size).toBe(4)
  })
})

/** The arena is the second region of a training, after the order of rows. */
function arenaOf(data: ReturnType<ReturnType<typeof trainingCase>['dataset']>): number {
  const bytes = (floats: number) => Math.ceil((4 * floats) / 64) * 64
  const { trainingRows, features, targetWidth } = data.size
  return (
    data.layout.trainingX +
    bytes(trainingRows * features) +
    bytes(trainingRows * targetWidth) +
    bytes(trainingRows)
  )
}
