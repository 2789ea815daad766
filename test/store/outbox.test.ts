/** Bodies of deliveries, from what the outbox has. */
import { describe, expect, it } from 'vitest'
import { webhookBodySchema, webhookTestBodySchema } from '../../src/contract/webhook.js'
import { deliveryBody, webhookTestBody } from '../../src/store/outbox.js'

const finished = {
  finishedAt: 1_700_000_000_123,
  ...{ id: 'job_1', status: 'failed', epoch: 3, epochs: 10, name: 'a job', modelId: null, bestEpoch: null },
  ...{ loss: 0.5, accuracy: null, valLoss: 'NaN', valAccuracy: 1 },
  ...{ errorCode: 'diverged', errorMessage: 'The loss became NaN.', errorEpoch: 3 },
}

describe('the body of a delivery', () => {
  it('is made from the columns of the finished job', () => {
    const body = webhookBodySchema.parse(JSON.parse(deliveryBody(JSON.stringify(finished))))
    expect(body).toEqual({
      type: 'job.failed',
      timestamp: '2023-11-14T22:13:20.123Z',
      data: {
        jobId: 'job_1',
        name: 'a job',
        status: 'failed',
        epoch: 3,
        epochs: 10,
        bestEpoch: null,
        // JSON has no NaN.
        metrics: { loss: 0.5, accuracy: null, valLoss: null, valAccuracy: 1 },
        modelId: null,
        error: { code: 'diverged', message: 'The loss became NaN.', epoch: 3 },
        links: { job: '/jobs/job_1' },
      },
    })
  })

  it('of an earlier release, or of a test, is sent as it is stored', () => {
    const complete = deliveryBody(JSON.stringify(finished))
    expect(deliveryBody(complete)).toBe(complete)
    const test = JSON.stringify(webhookTestBody('whk_1'))
    expect(deliveryBody(test)).toBe(test)
    expect(webhookTestBodySchema.parse(JSON.parse(test)).data.webhookId).toBe('whk_1')
  })
})
