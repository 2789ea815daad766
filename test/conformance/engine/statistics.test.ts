/** Statistics of layers, compared with those that generate.py takes from PyTorch by its outputs and gradients. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { loadCase, parseFixture } from '../../../bench/case-format.js'
import { compile, train } from '../../../src/engine/index.js'
import { registered } from './cases.js'

const folder = fileURLToPath(new URL('../../fixtures/torch', import.meta.url))
const fixtures = readdirSync(folder).filter((file) => file.endsWith('.json'))

/** Norms are sums of float32 differences and gradients; shares are counts. */
const tolerances = {
  weightNorm: 1e-4,
  gradientNorm: 2e-3,
  updateNorm: 2e-3,
  deadUnits: 0,
  saturated: 0,
} as const
const names = Object.keys(tolerances) as (keyof typeof tolerances)[]

/** Below this, a norm is rounding noise of float32. */
const noise = 2e-6

function isClose(actual: number | null, expected: number | null, tolerance: number): boolean {
  if (actual === null || expected === null) return actual === expected
  return Math.abs(actual - expected) <= noise + tolerance * Math.abs(expected)
}

describe('statistics of layers equal those of PyTorch', () => {
  for (const { backend, reason } of registered) {
    describe.skipIf(reason !== null)(`on ${backend.name}`, () => {
      test.each(fixtures)('%s', (file) => {
        const { fixture, expected } = parseFixture(readFileSync(path.join(folder, file), 'utf8'))
        const { data, dataset, initialWeights } = loadCase(fixture)
        const program = compile(fixture.spec, data)
        const training = train(program, dataset, { backend: backend.name, seed: 0, initialWeights })
        const observed = training.observed({ ignoreTime: true })
        observed.run()
        const statistics = observed.takeStatistics()
        expect(statistics.map(({ epoch }) => epoch)).toEqual(expected.statistics.map((_, index) => index + 1))
        for (const [index, { layers, largestLogit }] of statistics.entries()) {
          const wanted = expected.statistics[index]
          expect(layers.map(({ layer }) => layer)).toEqual(wanted.layers.map(({ layer }) => layer))
          expect(isClose(largestLogit, wanted.largestLogit, 1e-3), `logit in epoch ${index + 1}`).toBe(true)
          for (const [place, layer] of layers.entries()) {
            for (const name of names) {
              const both = [layer[name], wanted.layers[place][name]] as const
              expect(isClose(...both, tolerances[name]), `${name} of layer ${layer.layer}: ${both}`).toBe(
                true,
              )
            }
          }
        }
        training.dispose()
      })
    })
  }
})
