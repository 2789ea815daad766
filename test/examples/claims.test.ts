/** The assertions of the lecture's catalogue: they accept figures within their limits, and refuse near misses. */
import { describe, expect, it } from 'vitest'
import { catalogue } from '../../examples/lecture/catalogue.js'
import { edges, testSignals } from '../../examples/lecture/shift.js'

it('a claim and an assertion are sentences', () => {
  for (const { claim, assertion } of Object.values(catalogue)) {
    expect(claim).toMatch(/^[A-Z].*\.$/)
    expect(assertion).toMatch(/^[A-Z].*\.$/)
  }
})

describe('perceptron', () => {
  const { holds } = catalogue.perceptron
  const outputs = { and: [0, 0, 0, 1], or: [0, 1, 1, 1], xor: [0, 1, 1, 1] }

  it('needs AND and OR, without XOR', () => {
    expect(holds(outputs)).toBe(true)
    expect(holds({ ...outputs, and: [0, 1, 0, 1] })).toBe(false)
    expect(holds({ ...outputs, or: [0, 1, 1, 0] })).toBe(false)
    expect(holds({ ...outputs, xor: [0, 1, 1, 0] })).toBe(false)
  })
})

describe('xor', () => {
  const { holds } = catalogue.xor

  it('needs all four outputs, and a small loss', () => {
    expect(holds({ outputs: [0.1, 0.9, 0.6, 0.4], loss: 0.049 })).toBe(true)
    expect(holds({ outputs: [0.1, 0.9, 0.6, 0.6], loss: 0.049 })).toBe(false)
    expect(holds({ outputs: [0.1, 0.9, 0.6, 0.4], loss: 0.05 })).toBe(false)
    expect(holds({ outputs: [0.1, 0.9, 0.6, 0.4], loss: Number.NaN })).toBe(false)
  })
})

describe('boolean-function', () => {
  const { holds } = catalogue['boolean-function']

  it('needs every output', () => {
    expect(holds({ targets: [0, 1], outputs: [0, 1] })).toBe(true)
    expect(holds({ targets: [0, 1], outputs: [0, 0] })).toBe(false)
    expect(holds({ targets: [0, 1], outputs: [0] })).toBe(false)
  })
})

describe('approximation', () => {
  const { holds } = catalogue.approximation

  it('needs a lower error for each width, and a twentieth at the end', () => {
    expect(holds([1, 0.5, 0.1, 0.049])).toBe(true)
    expect(holds([1, 0.5, 0.1, 0.05])).toBe(false)
    expect(holds([1, 0.5, 0.5, 0.01])).toBe(false)
    expect(holds([1, 0.1, 0.5, 0.01])).toBe(false)
  })
})

describe('depth', () => {
  const { holds } = catalogue.depth
  const wide = { parameters: 100, loss: 0.6, accuracy: 0.7 }
  const three = { parameters: 114, loss: 0.19, accuracy: 0.96 }
  const networks = (change: { wide?: object; three?: object }) => [
    { ...wide, ...change.wide },
    { ...three, accuracy: 0.5 },
    { ...three, ...change.three },
    { ...three, accuracy: 0.5 },
  ]

  it('needs equal parameters, a lower loss, and both accuracies', () => {
    expect(holds(networks({}))).toBe(true)
    expect(holds(networks({ three: { parameters: 115 } }))).toBe(false)
    expect(holds(networks({ three: { loss: 0.2 } }))).toBe(false)
    expect(holds(networks({ three: { accuracy: 0.95 } }))).toBe(false)
    expect(holds(networks({ wide: { accuracy: 0.8 } }))).toBe(false)
  })
})

describe('descent', () => {
  const { holds } = catalogue.descent
  const losses = (first: { full: number; mini: number; single: number }, full: number, single: number) => {
    const fullLosses = Array.from({ length: 400 }, () => full)
    fullLosses[19] = first.full
    const miniLosses = Array.from({ length: 20 }, () => first.mini)
    const singleLosses = Array.from({ length: 20 }, () => single)
    singleLosses[19] = first.single
    return [fullLosses, miniLosses, singleLosses]
  }
  const first = { full: 1, mini: 0.69, single: 0.48 }

  it('needs lower losses of small batches by epoch, and of the full batch by step', () => {
    expect(holds(losses(first, 0.7, 0.69))).toBe(true)
    expect(holds(losses({ ...first, mini: 0.7 }, 0.7, 0.69))).toBe(false)
    expect(holds(losses({ ...first, single: 0.49 }, 0.7, 0.69))).toBe(false)
    expect(holds(losses(first, 0.71, 0.8))).toBe(false)
    expect(holds(losses(first, 0.7, 0.68))).toBe(false)
  })
})

describe('momentum', () => {
  const { holds } = catalogue.momentum

  it('needs a thousandth of the loss from each', () => {
    expect(holds([1, 0.0009, 0.0009, 0.0009])).toBe(true)
    expect(holds([1, 0.0009, 0.001, 0.0009])).toBe(false)
    expect(holds([1, 0.0009, 0.0009, Number.NaN])).toBe(false)
  })
})

describe('shift', () => {
  const { holds } = catalogue.shift
  const exact = testSignals.map(edges)
  const off = (by: number) => exact.map((outputs) => outputs.map((output) => output + by))
  const dense = [off(0.09)[0], ...off(0.51).slice(1)]

  it('needs edges from the convolution everywhere, and from the dense layer only at first', () => {
    expect(holds({ convolution: off(0.009), dense })).toBe(true)
    expect(holds({ convolution: [...exact.slice(0, -1), off(-0.011)[7]], dense })).toBe(false)
    expect(holds({ convolution: exact, dense: off(0.51) })).toBe(false)
    expect(holds({ convolution: exact, dense: off(0.09) })).toBe(false)
  })
})

describe('shared-weights', () => {
  const { holds } = catalogue['shared-weights']
  const shared = [0.109, 0.1, 0.1]
  const separate = [0.16, 0.15, 0.12]
  const dense = [0.5, 0.4, 0.3]

  it('needs the order for each number of rows, and both limits', () => {
    expect(holds([shared, separate, dense])).toBe(true)
    expect(holds([[0.11, 0.1, 0.1], separate, dense])).toBe(false)
    expect(holds([shared, [0.15, 0.15, 0.12], dense])).toBe(false)
    expect(holds([shared, [0.16, 0.15, 0.09], dense])).toBe(false)
    expect(holds([shared, separate, [0.5, 0.15, 0.3]])).toBe(false)
  })
})

describe('digits', () => {
  const { holds } = catalogue.digits
  const convolutional = { parameters: 100, accuracy: 0.89 }
  const dense = { parameters: 501, accuracy: 0.59 }

  it('needs both accuracies and a fifth of the parameters', () => {
    expect(holds({ convolutional, dense })).toBe(true)
    expect(holds({ convolutional, dense: { ...dense, parameters: 500 } })).toBe(false)
    expect(holds({ convolutional: { ...convolutional, accuracy: 0.88 }, dense })).toBe(false)
    expect(holds({ convolutional, dense: { ...dense, accuracy: 0.6 } })).toBe(false)
  })
})
