/** The form of a new sweep: its values, the number of its trials, and the request. */
import { describe, expect, it } from 'vitest'
import type { JobSpec } from '../../../page/src/api/types.js'
import { countTrials } from '../../../page/src/sweeps/count-trials.js'
import {
  commonRows,
  emptyRow,
  readValues,
  type SweepForm,
  sweepRequest,
  withRow,
} from '../../../page/src/sweeps/form.js'

const rate = { ...emptyRow, path: '/optimizer/learningRate', kind: 'range', min: 0.001, max: 0.1 } as const
const units = { ...emptyRow, path: '/network/layers/0/units', values: '4, 8, 16' }
const optimizers = { ...emptyRow, path: '/optimizer/type', values: 'adam, sgd' }
const momenta = {
  ...emptyRow,
  path: '/optimizer/momentum',
  values: '0, 0.5, 0.9',
  when: { path: '/optimizer/type', values: 'sgd' },
}
const form: SweepForm = {
  name: ' rates ',
  spec: '{"dataset":"iris"}',
  rows: [{ ...rate, scale: 'log' }, units],
  search: 'grid',
  points: 50,
  minimumEpochs: 4,
  metric: 'loss',
  seeds: 3,
}

describe('the values of a parameter', () => {
  it.each([
    ['1, 2.5', [1, 2.5]],
    ['relu, tanh', ['relu', 'tanh']],
    ['8, 32, full', [8, 32, 'full']],
    [
      '{"type":"sgd","learningRate":0.1}, {"type":"adam"}',
      [{ type: 'sgd', learningRate: 0.1 }, { type: 'adam' }],
    ],
    ['', []],
  ])('%s', (text, values) => expect(readValues(text)).toEqual(values))
})

describe('the number of trials', () => {
  it('of a grid is the product of the values and seeds', () => {
    expect(countTrials(form)).toBe(5 * 3 * 3)
  })

  it('counts equal whole numbers once', () => {
    // 1, 1.5, 2, 2.5, 3 are rounded to 1, 2, 3.
    const whole = { ...rate, min: 1, max: 3, numbers: 'whole' } as const
    expect(countTrials({ ...form, rows: [whole], seeds: 1 })).toBe(3)
  })

  it('of a random search is that of the points and seeds', () => {
    expect(countTrials({ ...form, search: 'random' })).toBe(150)
  })

  it('counts values once where their condition does not hold', () => {
    // adam, and sgd with three momenta, each with three numbers of units.
    const rows = [optimizers, momenta, units]
    expect(countTrials({ ...form, rows, seeds: 1 })).toBe((1 + 3) * 3)
    const dependent = { ...units, when: { path: momenta.path, values: '0.9, 0.5' } }
    // adam, sgd with 0, and sgd with 0.5 or 0.9 and three numbers of units.
    expect(countTrials({ ...form, rows: [optimizers, momenta, dependent], seeds: 1 })).toBe(1 + 1 + 2 * 3)
  })

  it('compares whole numbers of a range with those of a condition', () => {
    const layers = { ...rate, path: '/batchSize', min: 1, max: 3, numbers: 'whole', steps: 3 } as const
    const dependent = { ...units, when: { path: '/batchSize', values: '3' } }
    expect(countTrials({ ...form, rows: [layers, dependent], seeds: 1 })).toBe(1 + 1 + 3)
  })

  it('is unknown while a number is missing', () => {
    expect(countTrials({ ...form, seeds: Number.NaN })).toBeNaN()
  })
})

describe('the request', () => {
  it('has the parameters with their values or range', () => {
    expect(sweepRequest(form)).toEqual({
      name: 'rates',
      spec: { dataset: 'iris' },
      parameters: [
        { path: '/optimizer/learningRate', min: 0.001, max: 0.1, scale: 'log', steps: 5 },
        { path: '/network/layers/0/units', values: [4, 8, 16] },
      ],
      search: { type: 'grid' },
      metric: 'loss',
      seeds: 3,
    })
  })

  it('of a random search has no steps', () => {
    const { search, parameters } = sweepRequest({ ...form, search: 'random' })
    expect(search).toEqual({ type: 'random', points: 50, seed: 1 })
    expect(parameters[0]).not.toHaveProperty('steps')
  })

  it('of asha has the epochs before its first decision', () =>
    expect(sweepRequest({ ...form, search: 'asha' }).search).toEqual({
      type: 'asha',
      points: 50,
      seed: 1,
      minimumEpochs: 4,
    }))

  it('has the conditions', () => {
    const { parameters } = sweepRequest({ ...form, rows: [optimizers, momenta] })
    expect(parameters).toEqual([
      { path: '/optimizer/type', values: ['adam', 'sgd'] },
      {
        path: '/optimizer/momentum',
        values: [0, 0.5, 0.9],
        when: { path: '/optimizer/type', in: ['sgd'] },
      },
    ])
  })

  it('is refused if the spec is not JSON', () => {
    expect(() => sweepRequest({ ...form, spec: '{' })).toThrow(SyntaxError)
  })
})

describe('the places that are often varied', () => {
  const spec = {
    optimizer: { type: 'adam', learningRate: 0.01 },
    batchSize: 32,
    network: {
      layers: [
        { type: 'dense', units: 8, activation: 'relu' },
        { type: 'dropout', rate: 0.1 },
        { type: 'dense', units: 3, activation: 'softmax' },
      ],
    },
  } as unknown as JobSpec

  it('do not contain the output layer', () => {
    expect(commonRows(spec).map(({ path }) => path)).toEqual([
      '/optimizer/learningRate',
      '/network/layers/0/units',
      '/network/layers/0/activation',
      '/batchSize',
      '/optimizer',
    ])
    expect(commonRows(spec)[0]).toMatchObject({ min: 0.001, max: 0.1, scale: 'log' })
    expect(commonRows(spec)[1]).toMatchObject({ values: '4, 8, 16' })
  })

  it('put an object before the places in it', () => {
    const rows = withRow([units, rate], { ...emptyRow, path: '/optimizer' })
    expect(rows.map(({ path }) => path)).toEqual([units.path, '/optimizer', rate.path])
    expect(withRow([rate], units).map(({ path }) => path)).toEqual([rate.path, units.path])
  })
})
