import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { flat, type Nested, parseFixture, runCase } from '../../../bench/case-format.js'
import { firstDifference, lossTolerance, registered, weightTolerance } from './cases.js'

/** Their results were computed by generate.py, which is beside them. */
const folder = fileURLToPath(new URL('../../fixtures/torch', import.meta.url))
const fixtures = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => ({ name: path.basename(file, '.json'), file: path.join(folder, file) }))

describe('trajectories of PyTorch in float64', () => {
  test('there are fixtures', () => {
    expect(fixtures.length).toBeGreaterThanOrEqual(26)
  })

  for (const { backend, reason } of registered) {
    describe.skipIf(reason !== null)(`on ${backend.name}`, () => {
      test.each(fixtures)('$name', ({ file }) => {
        const { fixture, expected } = parseFixture(readFileSync(file, 'utf8'))
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
