/** The documented errors of the vectorized functions. */
import { describe, expect, test } from 'vitest'
import { Predictor } from '../../../src/engine/index.js'
import { unavailableReason } from '../../../src/engine/kernels/wasm/module.js'

/** The unit in the last place (ulp) of a float32. */
function unitAt(value: number): number {
  const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(value))))
  return 2 ** (exponent - 23)
}

const functions = [
  { activation: 'sigmoid', exact: (z: number) => 1 / (1 + Math.exp(-z)), units: 4, range: 80 },
  { activation: 'tanh', exact: Math.tanh, units: 4, range: 12 },
  {
    activation: 'softplus',
    exact: (z: number) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))),
    units: 4,
    range: 80,
  },
] as const

describe.skipIf(unavailableReason() !== null)('vectorized functions', () => {
  test.each(functions)('$activation is within $units units of the last place', ({
    activation,
    exact,
    units,
    range,
  }) => {
    const inputs = Float32Array.from({ length: 40_001 }, (_, i) => range * ((i - 20_000) / 20_000) ** 3)
    const network = { inputShape: [1], layers: [{ type: 'activation' as const, activation }] }
    const outputs = new Predictor(network, new Map(), { backend: 'wasm', batchSize: 1000 }).predict(inputs)
    const worst = inputs.reduce((most, z, i) => {
      const value = exact(z)
      return Math.max(most, Math.abs((outputs[i] ?? Number.NaN) - value) / unitAt(value))
    }, 0)
    expect(worst).toBeLessThanOrEqual(units)
  })

  test.each([
    'sigmoid',
    'tanh',
    'relu',
    'leakyRelu',
    'elu',
    'gelu',
    'softplus',
  ] as const)('%s hands on what is not a number, and ends where the numbers end', (activation) => {
    const network = { inputShape: [1], layers: [{ type: 'activation' as const, activation }] }
    const predictor = new Predictor(network, new Map(), { backend: 'wasm' })
    const [nothing, low, high] = predictor.predict(Float32Array.of(Number.NaN, -3e38, 3e38))
    expect(nothing).toBeNaN()
    expect(low).not.toBeNaN()
    expect(high).toBeGreaterThanOrEqual(1)
  })
})
