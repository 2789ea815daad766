/** Requests that repeat a job, as it was or with a patch. */
import { describe, expect, it } from 'vitest'
import type { Job } from '../../../page/src/api/types.js'
import { patchedRequest, requestFor } from '../../../page/src/job-request.js'

const spec = {
  dataset: 'xor',
  network: { layers: [{ type: 'dense', units: 1 }] },
  optimizer: { type: 'sgd', learningRate: 1, momentum: 0 },
  scaling: 'none',
  validationDataset: 'xor',
}
const jobWith = (changes: object) =>
  ({ name: 'first', metadata: {}, priority: 0, spec, ...changes }) as unknown as Job

describe('the request for the same job', () => {
  it('has the spec, and what the job has besides', () => {
    expect(requestFor(jobWith({}))).toEqual({ name: 'first', ...spec })
    expect(requestFor(jobWith({ name: null, priority: 2, metadata: { team: 'blue' } }))).toEqual({
      ...spec,
      priority: 2,
      metadata: { team: 'blue' },
    })
  })

  it('leaves inherited scalings to the model in `from`', () => {
    const { scaling: _, ...others } = spec
    const inheriting = jobWith({ spec: { ...spec, from: 'mdl_a', inherited: ['scaling'] } })
    expect(requestFor(inheriting)).toEqual({ name: 'first', ...others, from: 'mdl_a' })
  })
})

describe('the request with a patch', () => {
  const patched = (patch: object) => patchedRequest(jobWith({}), { patch, title: 'Overfitting' })

  it('merges objects, replaces lists and removes null, as RFC 7396 says', () => {
    const layers = [{ type: 'flatten' }]
    const patch = {
      optimizer: { learningRate: 0.1 },
      network: { layers },
      earlyStopping: { patience: 5 },
      validationDataset: null,
    }
    expect(patched(patch)).toEqual({
      name: 'first, patched: overfitting',
      dataset: 'xor',
      network: { layers },
      optimizer: { type: 'sgd', learningRate: 0.1, momentum: 0 },
      earlyStopping: { patience: 5 },
      scaling: 'none',
    })
  })

  it('has a name within the limit of 200 characters', () => {
    const long = jobWith({ name: 'n'.repeat(200) })
    const { name = '' } = patchedRequest(long, { patch: {}, title: 'Plateau' })
    expect(name).toHaveLength(200)
    expect(name).toMatch(/patched: plateau$/)
  })
})
