import { describe, expect, it } from 'vitest'
import { jobRequestSchema } from '../../src/contract/job-request.js'
import { isFinished, jobStatusSchema, previousStatuses } from '../../src/contract/job-status.js'

/** The transitions of the diagram in job.ts. */
const legal = [
  'queued running',
  'queued cancelled',
  'queued paused',
  'running succeeded',
  'running failed',
  'running cancelled',
  'running paused',
  'running queued',
  'paused queued',
  'paused cancelled',
]

describe('the life of a job', () => {
  it('has these transitions and no others', () => {
    const all = jobStatusSchema.options.flatMap((to) => previousStatuses(to).map((from) => `${from} ${to}`))
    expect(all.toSorted()).toEqual(legal.toSorted())
  })

  it('ends in statuses without transitions', () => {
    expect(jobStatusSchema.options.filter(isFinished)).toEqual(['succeeded', 'failed', 'cancelled'])
  })
})

describe('a request', () => {
  it('does not change when it is parsed again', () => {
    const layers = [{ type: 'conv2d' as const, filters: 1, kernelSize: 2 }, { type: 'flatten' as const }]
    const once = jobRequestSchema.parse({ dataset: 'xor', network: { layers }, loss: 'huber', epochs: 1 })
    expect(jobRequestSchema.parse(once)).toEqual(once)
    expect(once).toMatchObject({ sampling: 'shuffle', threads: 1 })
  })

  it('keeps any names of its metadata', () => {
    const metadata = { constructor: 'a', toString: 'b', 'ключ 🔑': 'c' }
    const layers = [{ type: 'flatten' as const }]
    const base = { dataset: 'xor', network: { layers }, loss: 'huber' as const, epochs: 1 }
    expect(jobRequestSchema.parse({ ...base, metadata }).metadata).toEqual(metadata)
  })
})
