/** Densities of Optuna, recorded by fixtures/optuna/generate.py, and draws that have these densities. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { parameterDomain } from '../../../src/contract/sweep.js'
import { seededRandom } from '../../../src/datasets/random.js'
import { normalDistribution } from '../../../src/training/sweeps/normal-distribution.js'
import { listDensity, rangeDensity } from '../../../src/training/sweeps/parzen.js'

const cases = z
  .array(
    z.object({
      domain: z.object({
        values: z.array(z.string()).optional(),
        min: z.number().optional(),
        max: z.number().optional(),
        scale: z.enum(['linear', 'log']).optional(),
        integer: z.boolean().optional(),
      }),
      observed: z.array(z.number()),
      places: z.array(z.number()),
      logs: z.array(z.number()),
    }),
  )
  .parse(JSON.parse(readFileSync(new URL('../../fixtures/optuna/parzen.json', import.meta.url), 'utf8')))

function density({ domain, observed }: (typeof cases)[number]) {
  const parameter = parameterDomain({ path: '/x', ...domain })
  return 'values' in parameter
    ? listDensity(parameter.values.length, observed)
    : rangeDensity(parameter.range, observed)
}

describe('Optuna', () => {
  it.each(
    cases.map((each) => [JSON.stringify(each.domain), each.observed.length, each] as const),
  )('has the same densities for %s after %i observations', (_domain, _count, each) => {
    const { log } = density(each)
    for (const [index, place] of each.places.entries()) {
      expect(log(place)).toBeCloseTo(each.logs[index], 9)
    }
  })
})

it.each(
  cases.filter(({ domain }) => domain.scale === undefined && (domain.integer || domain.values)),
)('draws have the probabilities of the density: %o', (each) => {
  const { sample, log } = density(each)
  const random = seededRandom(5)
  const { min = 0, max = 2 } = each.domain
  const counts = new Map<number, number>()
  const draws = 20_000
  for (let draw = 0; draw < draws; draw++) {
    const choice = sample(random)
    counts.set(choice, (counts.get(choice) ?? 0) + 1)
  }
  let total = 0
  for (let choice = min; choice <= max; choice++) {
    const probability = Math.exp(log(choice))
    total += probability
    // Five standard deviations of a share.
    const margin = 5 * Math.sqrt((probability * (1 - probability)) / draws)
    expect(Math.abs((counts.get(choice) ?? 0) / draws - probability)).toBeLessThan(margin)
  }
  expect(total).toBeCloseTo(1, 12)
})

it('keeps digits for whole numbers that are close together on their scale', () => {
  // Without observations, 2⁵⁰ numbers are about equally likely, and more so in the middle.
  const { log } = rangeDensity({ min: 1, max: 2 ** 50, scale: 'linear', integer: true, steps: undefined }, [])
  const middle = log(2 ** 49)
  // The density of a normal distribution at its centre, within half a deviation of both sides: 1 / (√2π · 0.38292492).
  expect(middle).toBeCloseTo(-Math.log(Math.sqrt(2 * Math.PI) * 0.38292492254802624) - 50 * Math.LN2, 6)
  expect(log(1)).toBeCloseTo(middle - 0.125, 6)
})

it('knows the normal distribution', () => {
  // scipy.stats.norm.cdf
  const values: [number, number][] = [
    [0, 0.5],
    [1, 0.8413447460685429],
    [-1.5, 0.06680720126885807],
    [-4, 3.167124183311986e-5],
    [-8, 6.22096057427174e-16],
    [40, 1],
    [-40, 0],
  ]
  for (const [x, value] of values) {
    expect(Math.abs(normalDistribution(x) - value)).toBeLessThan(1e-15)
  }
})
