/** The form of a new job: what suits a dataset, and the request that is made of it. */
import { describe, expect, it } from 'vitest'
import type { Dataset, JobSpec } from '../../../page/src/api/types.js'
import {
  emptyForm,
  filledIn,
  formFor,
  hasNumberTargets,
  isImbalanced,
  type JobForm,
  outputLayer,
  requestFrom,
  tasksFor,
} from '../../../page/src/views/job-form.js'

const feature = { name: 'a', type: 'number', role: 'feature' }
const numberTarget = { name: 'y', type: 'number', role: 'target', min: 0, max: 9 }
const bitTarget = { name: 'z', type: 'number', role: 'target', min: 0, max: 1 }

/** Only the fields that the form reads. */
const dataset = (changes: object = {}) =>
  ({
    id: 'ds_1',
    rows: 100,
    classes: null,
    warnings: [],
    inputShape: [1],
    image: null,
    columns: [feature, numberTarget],
    ...changes,
  }) as unknown as Dataset

const classes = (...names: string[]) =>
  dataset({ classes: names, columns: [feature, { name: 'kind', type: 'category', role: 'target' }] })

const reader: JobForm = { ...emptyForm, chosenBy: 'reader', heldOut: 'split', watch: 'nothing' }

describe('the tasks of a dataset', () => {
  it.each([
    ['classes', classes('a', 'b', 'c'), ['classes']],
    ['numbers', dataset(), ['numbers']],
    ['bits', dataset({ columns: [feature, bitTarget] }), ['yesNo', 'numbers']],
    ['bits beside numbers', dataset({ columns: [feature, bitTarget, numberTarget] }), ['numbers']],
  ])('with %s', (_, given, tasks) => expect(tasksFor(given).map(([task]) => task)).toEqual(tasks))

  it('say whether targets can be scaled, and whether classes are imbalanced', () => {
    expect([hasNumberTargets(dataset()), hasNumberTargets(classes('a', 'b'))]).toEqual([true, false])
    const warnings = [{ code: 'imbalanced-target' }]
    expect(isImbalanced(dataset({ classes: ['a', 'b'], warnings }))).toBe(true)
    expect(isImbalanced(dataset({ warnings }))).toBe(false)
    expect(isImbalanced(classes('a', 'b'))).toBe(false)
  })
})

describe('the last layer', () => {
  it.each([
    [classes('a', 'b'), 'classes', { units: 1, activation: 'sigmoid' }],
    [classes('a', 'b', 'c'), 'classes', { units: 3, activation: 'softmax' }],
    [dataset({ columns: [feature, bitTarget, bitTarget] }), 'yesNo', { units: 2, activation: 'sigmoid' }],
    [dataset({ columns: [feature, numberTarget, bitTarget] }), 'numbers', { units: 2, activation: 'linear' }],
  ] as const)('fits the task', (given, task, layer) => expect(outputLayer(given, task)).toEqual(layer))
})

describe('the form for another dataset', () => {
  const before: JobForm = {
    ...reader,
    layers: '[1]',
    heldOut: 'dataset',
    validationDataset: 'ds_2',
    split: 'chronological',
    classWeight: 'balanced',
    targetScaling: 'minMax',
    epochs: 7,
    derived: [{ type: 'square', of: 'x' }],
  }

  it('forgets what depends on the dataset, and keeps the rest', () => {
    expect(formFor(classes('a', 'b'), before)).toEqual({
      ...before,
      task: 'classes',
      layers: '',
      heldOut: 'split',
      validationSplit: 0.15,
      validationDataset: '',
      batchSize: '32',
      split: 'default',
      classWeight: 'none',
      targetScaling: 'default',
      derived: [],
    })
    expect(formFor(dataset(), { ...before, chosenBy: 'service' }).heldOut).toBe('service')
  })

  it('leaves layers that do not fit its rows to the service', () => {
    const pictures = dataset({ inputShape: [1, 8, 8] })
    expect(formFor(pictures, before)).toMatchObject({ chosenBy: 'service', heldOut: 'service' })
    const flattened = { ...before, hidden: [{ type: 'flatten' as const }, ...before.hidden] }
    expect(formFor(pictures, flattened).chosenBy).toBe('reader')
    expect(formFor(dataset(), flattened).chosenBy).toBe('service')
  })

  it('holds no rows out of fewer than 20, and takes all in one batch', () => {
    expect(formFor(dataset({ rows: 19 }), before)).toMatchObject({ validationSplit: 0, batchSize: 'full' })
    expect(formFor(dataset({ rows: 20 }), before)).toMatchObject({ validationSplit: 0.15, batchSize: '32' })
  })
})

describe('the request', () => {
  const request = (form: Partial<JobForm>, given = dataset()) => requestFrom({ ...reader, ...form }, given)

  it('has a weight decay that differs from that of the optimizer', () => {
    const optimizer = (form: Partial<JobForm>) => request(form).optimizer
    expect(optimizer({ weightDecay: 0.1 })).toEqual({ type: 'adam', learningRate: 0.002, weightDecay: 0.1 })
    expect(optimizer({ optimizer: 'adamw', weightDecay: 0.01 })).not.toHaveProperty('weightDecay')
    expect(optimizer({ optimizer: 'adamw', weightDecay: 0 })).toHaveProperty('weightDecay', 0)
    expect(optimizer({ optimizer: 'momentum', weightDecay: 0.2 })).toMatchObject({
      type: 'sgd',
      weightDecay: 0.2,
    })
  })

  it('has derived features, also if the service chooses the network', () => {
    const derived = [{ type: 'product' as const, of: ['x', 'y'] as [string, string] }]
    expect(request({ derived })).toHaveProperty('derivedFeatures', derived)
    expect(request({ derived, chosenBy: 'service' })).toHaveProperty('derivedFeatures', derived)
    expect(request({})).not.toHaveProperty('derivedFeatures')
  })

  it('leaves everything to the service, unless the reader chose it', () => {
    expect(requestFrom(emptyForm, dataset())).toEqual({ dataset: 'ds_1', network: 'auto', watch: 'diagnose' })
  })

  it('names what the reader chose', () => {
    const form: Partial<JobForm> = {
      name: '  mine ',
      task: 'classes',
      hidden: [{ type: 'dense', units: 8, activation: 'tanh' }],
      epochs: 40,
      batchSize: ' full ',
      l1: 0.01,
      split: 'stratified',
      classWeight: 'balanced',
      seed: ' 7 ',
    }
    expect(request(form, classes('a', 'b', 'c'))).toEqual({
      name: 'mine',
      dataset: 'ds_1',
      network: {
        layers: [
          { type: 'dense', units: 8, activation: 'tanh' },
          { type: 'dense', units: 3, activation: 'softmax' },
        ],
      },
      loss: 'categoricalCrossentropy',
      optimizer: { type: 'adam', learningRate: 0.002 },
      epochs: 40,
      batchSize: 'full',
      l1: 0.01,
      earlyStopping: { monitor: 'valLoss', patience: 20 },
      validationSplit: 0.15,
      split: 'stratified',
      classWeight: 'balanced',
      seed: 7,
    })
    expect(request({ seed: '0', batchSize: '16', targetScaling: 'minMax' })).toMatchObject({
      seed: 0,
      batchSize: 16,
      targetScaling: 'minMax',
    })
  })

  it.each([
    ['numbers', dataset(), 'meanSquaredError'],
    ['yesNo', dataset({ columns: [feature, bitTarget] }), 'binaryCrossentropy'],
    ['classes', classes('a', 'b'), 'binaryCrossentropy'],
    ['classes', classes('a', 'b', 'c'), 'categoricalCrossentropy'],
  ] as const)('has the loss of its task, %s', (task, given, loss) => {
    expect(request({ task }, given).loss).toBe(loss)
  })

  it('turns momentum into sgd', () => {
    expect(request({ optimizer: 'momentum', learningRate: 0.5 }).optimizer).toEqual({
      type: 'sgd',
      learningRate: 0.5,
      momentum: 0.9,
    })
    expect(request({ optimizer: 'sgd', learningRate: 0.5 }).optimizer).toEqual({
      type: 'sgd',
      learningRate: 0.5,
    })
  })

  it.each<[string, Partial<JobForm>, object]>([
    ['never', { stopping: 'never' }, { validationSplit: 0.15 }],
    [
      'by rows held out',
      { stopping: 'patience', validationSplit: 0.3 },
      { validationSplit: 0.3, earlyStopping: { monitor: 'valLoss', patience: 20 } },
    ],
    [
      'by the training rows',
      { stopping: 'patience', validationSplit: 0 },
      { validationSplit: 0, earlyStopping: { monitor: 'loss', patience: 20 } },
    ],
    [
      'by another dataset',
      { stopping: 'patience', validationSplit: 0, heldOut: 'dataset', validationDataset: 'ds_2' },
      { validationDataset: 'ds_2', earlyStopping: { monitor: 'valLoss', patience: 20 } },
    ],
    [
      'by another dataset that is not chosen yet',
      { stopping: 'never', heldOut: 'dataset', validationDataset: '' },
      {},
    ],
    [
      'by folds, which hold rows out themselves',
      { stopping: 'folds', folds: 4 },
      { earlyStopping: { monitor: 'valLoss', patience: 20, folds: 4 } },
    ],
  ])('stops %s', (_, form, expected) => {
    const { validationSplit, validationDataset, earlyStopping } = request(form)
    expect(JSON.parse(JSON.stringify({ validationSplit, validationDataset, earlyStopping }))).toEqual(
      expected,
    )
  })

  it('augments pictures only, and only if an amount is chosen', () => {
    const pictures = dataset({ image: { width: 8, height: 8, channels: 1 }, inputShape: [1, 8, 8] })
    const augmentation = { flip: 'none', shift: 0, rotate: 10, noise: 0 } as const
    expect(request({}, pictures).augmentation).toBeUndefined()
    expect(request({ augmentation }, pictures).augmentation).toEqual(augmentation)
    expect(formFor(pictures, { ...reader, augmentation }).augmentation).toEqual(augmentation)
    expect(formFor(dataset(), { ...reader, augmentation }).augmentation.rotate).toBe(0)
  })

  it('takes layers as JSON, a list or a network', () => {
    const layers = [{ type: 'flatten' }]
    expect(request({ layers: JSON.stringify(layers) }).network).toEqual({ layers })
    expect(request({ layers: JSON.stringify({ layers, inputShape: [2] }) }).network).toEqual({
      layers,
      inputShape: [2],
    })
    expect(() => request({ layers: '[{' })).toThrow(SyntaxError)
  })
})

describe('the choices of the service', () => {
  const spec = (changes: object = {}) =>
    ({
      network: {
        layers: [
          { type: 'dense', units: 100, activation: 'relu' },
          { type: 'dense', units: 3, activation: 'softmax' },
        ],
      },
      optimizer: { type: 'adam', learningRate: 0.01, weightDecay: 0.3 },
      epochs: 500,
      batchSize: 64,
      earlyStopping: { monitor: 'valLoss', patience: 9 },
      validationSplit: 0.2,
      ...changes,
    }) as unknown as JobSpec

  it('fill the form', () => {
    expect(filledIn(emptyForm, spec())).toEqual({
      ...emptyForm,
      chosenBy: 'reader',
      hidden: [{ type: 'dense', units: 100, activation: 'relu' }],
      layers: '',
      optimizer: 'adam',
      learningRate: 0.01,
      weightDecay: 0.3,
      epochs: 500,
      batchSize: '64',
      stopping: 'patience',
      patience: 9,
      heldOut: 'split',
      validationSplit: 0.2,
    })
  })

  it('keep layers for pictures, with the settings that the editor does not show', () => {
    const hidden = [
      { type: 'conv2d', filters: 8, kernelSize: 3, strides: 2, useBias: false, activation: 'relu' },
      { type: 'flatten' },
    ]
    const layers = [...hidden, { type: 'dense', units: 3, activation: 'softmax' }]
    const form = filledIn(emptyForm, spec({ network: { inputShape: [1, 28, 28], layers } }))
    expect(form.layers).toBe('')
    expect(requestFrom(form, classes('a', 'b', 'c')).network).toEqual({ layers })
  })

  it('that the editor of layers does not know are shown as JSON', () => {
    const layers = [
      { type: 'reshape', targetShape: [1, 2, 2] },
      { type: 'dense', units: 3, activation: 'softmax' },
    ]
    const form = filledIn(emptyForm, spec({ network: { layers } }))
    expect(form.hidden).toBe(emptyForm.hidden)
    expect(JSON.parse(form.layers)).toEqual(layers)
  })

  it.each([
    [undefined, { stopping: 'never', patience: 20, folds: 5 }],
    [{ patience: 3 }, { stopping: 'patience', patience: 3, folds: 5 }],
    [
      { patience: 3, folds: 8 },
      { stopping: 'folds', patience: 3, folds: 8 },
    ],
  ])('of stopping %j', (earlyStopping, expected) => {
    expect(filledIn(emptyForm, spec({ earlyStopping }))).toMatchObject(expected)
  })

  it('keep another dataset to validate on', () => {
    expect(filledIn({ ...emptyForm, heldOut: 'dataset' }, spec()).heldOut).toBe('dataset')
  })
})
