import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { flat, type Nested, parseFixture, runCase } from '../../../bench/case-format.js'
import { hasShared, sharedPath } from '../../support/shared.js'
import { firstDifference, lossTolerance, registered, weightTolerance } from './cases.js'

const folder = sharedPath('fixtures', 'torch')
const files = hasShared ? readdirSync(folder).filter((file) => file.endsWith('.json')) : []

describe.skipIf(!hasShared)('trajectories of PyTorch in float64', () => {
  test('there are fixtures', () => {
    expect(files.length).toBeGreaterThanOrEqual(20)
  })

  for (const { backend, reason } of registered) {
    describe.skipIf(reason !== null)(`on ${backend.name}`, () => {
      test.each(files)('%s', (file) => {
        const { fixture, expected } = parseFixture(
          readFileSync(sharedPath('fixtures', 'torch', file), 'utf8'),
        )
        const result = runCase(fixture, backend.name)
        expect(result.backend).toBe(backend.name)
        expect(firstDifference(result.epochLosses, expected.epochLosses, lossTolerance)).toBeNull()
        expectTensors(result.firstBatchGradient, expected.firstBatchGradient)
        expectTensors(result.finalWeights, expected.finalWeights)
        expectTensors(result.finalState, expected.finalState)
        expectTensors(
          { predictions: result.predictionsOfFirst8Rows },
          { predictions: expected.predictionsOfFirst8Rows },
        )
      })
    })
  }
})

function expectTensors(actual: Record<string, Nested>, expected: Record<string, Nested>): void {
  expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort())
  for (const [name, value] of Object.entries(expected)) {
    const difference = firstDifference(flat(actual[name] ?? []), flat(value), weightTolerance)
    expect(difference, name).toBeNull()
  }
}
