/** The choices of the service in the words of the form: each has a reason of one sentence. */
import { describe, expect, it } from 'vitest'
import type { Dataset, JobSpec } from '../../page/src/api/types.js'
import { explainSpec } from '../../page/src/views/explain-spec.js'
import type { Column } from '../../src/contract/dataset.js'
import { jobRequestSchema } from '../../src/contract/job-request.js'
import { resolveRequest } from '../../src/training/defaults.js'

const feature: Column = { name: 'a', type: 'number', role: 'feature', min: 0, max: 9 }
const price: Column = { name: 'y', type: 'number', role: 'target', min: 0, max: 9.5, integers: false }
const kind: Column = {
  name: 'kind',
  type: 'category',
  role: 'target',
  categories: ['a', 'b', 'c'],
  counts: [400, 300, 300],
}

/** What the service chooses, and what the form says of it. */
function explained(target: Column, rows: number, inputShape: number[], picture = false) {
  const data = { columns: [feature, target], rows, inputShape, isTruthTable: false }
  const spec = resolveRequest(jobRequestSchema.parse({ dataset: 'x' }), data, null)
  const facts = {
    classes: target.categories ?? null,
    image: picture ? { width: inputShape[2], height: inputShape[1], channels: 1 } : null,
  } as Pick<Dataset, 'classes' | 'image'>
  const complete = { ...spec, split: 'stratified', scaling: 'standardize', targetScaling: 'standardize' }
  const parts = explainSpec(complete as unknown as JobSpec, facts)
  return new Map(parts.map(({ name, value, reason }) => [name, { value, reason }]))
}

describe('the choices of the service', () => {
  it('have a reason of one sentence each', () => {
    for (const choices of [
      explained(kind, 1_000, [1, 28, 28], true),
      explained(kind, 1_000, [1, 8, 8], true),
      explained(price, 100, [4]),
      explained(price, 5, [4]),
    ]) {
      for (const { reason } of choices.values()) expect(reason).toMatch(/^[A-Z][^.!?]*\.$/)
    }
  })

  it('name the metrics of classes and of numbers', () => {
    expect(explained(kind, 1_000, [4]).get('Metrics')?.value).toBe('accuracy, recall, precision')
    expect(explained(price, 1_000, [4]).get('Metrics')?.value).toBe('RMSE, MAE, R²')
  })

  it('follow the size of pictures and the number of rows', () => {
    expect(explained(kind, 1_000, [1, 28, 28], true).get('Layers')?.value).toBe(
      'conv2d 8 relu → maxPooling2d → conv2d 16 relu → maxPooling2d → flatten → dropout 0.25 → 64 relu → 3 softmax',
    )
    expect(explained(kind, 1_000, [1, 8, 8], true).get('Layers')?.reason).toContain('all pixels at once')
    expect(explained(kind, 1_000, [4]).get('Validation')?.value).toBe('15 %, stratified')
    expect(explained(price, 100, [4]).get('Validation')?.value).toBe('cross-validation, 5 folds')
    expect(explained(price, 5, [4]).get('Validation')?.value).toBe('none')
  })
})
