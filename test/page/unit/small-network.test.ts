/** A network in the page: its weights, outputs and losses are those that hand-worked examples give. */
import { describe, expect, it } from 'vitest'
import type { Boundary, JobSpec } from '../../../page/src/api/types.js'
import { drawNetwork, lineWidth } from '../../../page/src/playground/drawing.js'
import { labelledRows, partLosses } from '../../../page/src/playground/losses.js'
import {
  computeLayers,
  meanLoss,
  networkOf,
  type SmallNetwork,
} from '../../../page/src/playground/network.js'
import { computeUnitMaps } from '../../../page/src/playground/unit-maps.js'

/** Little-endian float32. */
function base64(numbers: readonly number[]): string {
  const view = new DataView(new ArrayBuffer(4 * numbers.length))
  for (const [index, number] of numbers.entries()) view.setFloat32(4 * index, number, true)
  return btoa(String.fromCharCode(...new Uint8Array(view.buffer)))
}

const axes = [
  { column: 'a', min: 0, max: 2 },
  { column: 'b', min: -1, max: 1 },
]

/** Two inputs, read as (a − 1) / 2 and b, a relu layer of two units, and one sigmoid without bias. */
const frame = (): Boundary => ({
  type: 'boundary',
  epoch: 3,
  axes,
  size: 2,
  outputs: 1,
  range: [0, 1],
  values: '',
  weights: {
    inputs: [
      { offset: 1, scale: 2 },
      { offset: 0, scale: 1 },
    ],
    tensors: [
      { name: 'layers.0.weight', shape: [2, 2], offset: 0 },
      { name: 'layers.0.bias', shape: [2], offset: 4 },
      { name: 'layers.1.weight', shape: [1, 2], offset: 6 },
    ],
    values: base64([2, 1, -4, 0, 0.5, -1, 1, -0.5]),
  },
})
const spec = (layers: object[], loss = 'binaryCrossentropy') =>
  ({ network: { layers }, loss }) as unknown as Pick<JobSpec, 'network' | 'loss'>
const dense = (units: number, activation: string) => ({ type: 'dense', units, activation })
const twoLayers = spec([dense(2, 'relu'), dense(1, 'sigmoid')])

function small(): SmallNetwork {
  const network = networkOf(frame(), twoLayers)
  if (network === null) throw new Error('the frame has a network')
  return network
}

describe('a network in a frame', () => {
  it('has the outputs of its layers', () => {
    // (3, −1) is read as (1, −1): the sums are 2 − 1 + 0.5 and −4 − 1. (−1, 0) is read as (−1, 0).
    const { layers, logits } = computeLayers(small(), [
      [3, -1],
      [-1, 0],
    ])
    expect([...layers[0]]).toEqual([1.5, 0, 0, 3])
    expect([...logits]).toEqual([1.5, -1.5])
    expect(layers[1][0]).toBeCloseTo(0.817574, 6)
    expect(layers[1][1]).toBeCloseTo(0.182426, 6)
  })

  it('reads derived inputs after the others, from raw values', () => {
    // Of (3, −1) the product −3 is read as (−3 + 1) / 2, and the square 9 as it is: 1 · (−1) + 2 · 9.
    const derived = [
      { type: 'product' as const, of: [0, 1], offset: -1, scale: 2 },
      { type: 'square' as const, of: [0], offset: 0, scale: 1 },
    ]
    const one = frame()
    one.weights = {
      inputs: small().inputs.map((each) => ({ ...each })),
      derived,
      tensors: [{ name: 'layers.0.weight', shape: [1, 4], offset: 0 }],
      values: base64([0, 0, 1, 2]),
    }
    const network = networkOf(one, spec([dense(1, 'linear')]))
    if (network === null) throw new Error('the frame has a network')
    expect([...computeLayers(network, [[3, -1]]).logits]).toEqual([17])
    const [[a, , product, square]] = computeUnitMaps(network, axes)
    // a runs from 0 to 2, and b from −1 to 1.
    expect([a.values[0], product.values[0], square.values[0]]).toEqual([-1, -0, 0])
    expect([product.values.at(-1), square.values.at(-1), product.largest, square.largest]).toEqual([
      2, 4, 2, 4,
    ])
  })

  it('has the loss of its rows', () => {
    const rows = [
      [3, -1],
      [-1, 0],
    ]
    // ln(1 + e^−1.5) for the first row, and ln(1 + e^1.5) for the second.
    expect(meanLoss(small(), rows, [[1], [1]])).toBeCloseTo((0.2014133 + 1.7014133) / 2, 6)
    const squared: SmallNetwork = { ...small(), loss: 'meanSquaredError' }
    expect(meanLoss(squared, rows, [[1], [0]])).toBeCloseTo(0.182426 ** 2, 5)
  })

  it('computes softmax over the units of a row', () => {
    const network: SmallNetwork = {
      inputs: [{ offset: 0, scale: 1 }],
      derived: [],
      layers: [
        {
          inputs: 1,
          units: 3,
          weight: Float32Array.of(0, 1, 2),
          bias: null,
          activation: 'softmax',
        },
      ],
      loss: 'categoricalCrossentropy',
    }
    const outputs = [...computeLayers(network, [[Math.LN2]]).layers[0]]
    // 1 : 2 : 4.
    for (const [index, share] of [1 / 7, 2 / 7, 4 / 7].entries()) expect(outputs[index]).toBeCloseTo(share, 6)
    expect(meanLoss(network, [[Math.LN2]], [[0, 0, 1]])).toBeCloseTo(Math.log(7 / 4), 6)
  })

  it('is absent without weights, and for layers that are not dense', () => {
    expect(networkOf({ ...frame(), weights: undefined }, twoLayers)).toBeNull()
    const withDropout = spec([dense(2, 'relu'), { type: 'dropout', rate: 0.5 }, dense(1, 'sigmoid')])
    expect(networkOf(frame(), withDropout)).toBeNull()
  })
})

describe('the losses of the parts', () => {
  it('are means over their rows, as labelled for the loss', () => {
    const rows = {
      points: [
        { x: 3, y: -1, classIndex: 1 },
        { x: -1, y: 0, classIndex: 1 },
        { x: -1, y: 0, classIndex: 0 },
      ],
      samples: [],
      classes: 2,
      inputs: ['a', 'b'],
      dataset: null,
    }
    const losses = partLosses(
      small(),
      labelledRows(rows),
      new Map([
        [1, 'validation'],
        [2, 'test'],
      ]),
    )
    expect(losses.map(([part]) => part)).toEqual(['training', 'validation', 'test'])
    // ln(1 + e^∓1.5) for the second class, and ln(1 + e^−1.5) for the first.
    for (const [index, loss] of [0.2014133, 1.7014133, 0.2014133].entries()) {
      expect(losses[index][1]).toBeCloseTo(loss, 6)
    }
    expect(partLosses(small(), labelledRows(rows), new Map()).map(([part]) => part)).toEqual(['training'])
    expect(labelledRows({ ...rows, classes: 3 }).targets[1]).toEqual([0, 1, 0])
    const samples = [{ x: 2, y: 0.5 }]
    expect(labelledRows({ ...rows, samples })).toEqual({ inputs: [[2]], targets: [[0.5]] })
  })
})

describe('the maps of the units', () => {
  it('go over the axes of the frame', () => {
    const [inputs, hidden, output] = computeUnitMaps(small(), axes)
    const { size, values } = inputs[0]
    expect([values[0], values[size - 1]]).toEqual([-1, 1])
    expect([inputs[1].values[0], inputs[1].values[size ** 2 - 1]]).toEqual([-1, 1])
    // At (0, −1), which is read as (−0.5, −1): 2 · −0.5 − 1 + 0.5 and −4 · −0.5 − 1.
    expect([hidden[0].values[0], hidden[1].values[0]]).toEqual([0, 1])
    // The sigmoid of −0.5 is 0.377541, shown from −1 to 1.
    expect(output[0].values[0]).toBeCloseTo(2 * 0.377541 - 1, 5)
    expect(hidden[1].largest).toBe(1)
  })
})

describe('the drawing', () => {
  it('has a line for each weight between units that are drawn', () => {
    const sizes = [
      { title: 'input', size: 2 },
      { title: 'relu', size: 2 },
      { title: 'sigmoid', size: 1 },
    ]
    const { weights } = drawNetwork(sizes, small())
    expect(weights.map(({ value }) => value)).toEqual([2, 1, -4, 0, 1, -0.5])
    const wide = drawNetwork(
      [
        { title: 'input', size: 2 },
        { title: 'relu', size: 20 },
      ],
      null,
    )
    expect(wide.columns.map(({ units, hidden }) => [units.length, hidden])).toEqual([
      [2, 0],
      [8, 12],
    ])
    expect(wide.weights).toHaveLength(16)
    expect(wide.weights[0].value).toBeNull()
  })

  it('draws larger weights wider, whatever their sign', () => {
    const widths = [0, 0.5, 1, 4, 100].map(lineWidth)
    expect(widths).toEqual(widths.toSorted((a, b) => a - b))
    expect(widths[0]).toBe(0.5)
    expect(widths[4]).toBeCloseTo(8, 6)
    expect(lineWidth(-3)).toBe(lineWidth(3))
  })
})
