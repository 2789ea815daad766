/** The ids of a request stand in the log lines of whatever comes of it, also in those of the worker's process. */
import { expect, onTestFinished, test } from 'vitest'
import { freshDatabaseOfTest } from '../support/postgres.js'
import { eventually, startService } from '../support/service.js'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'

test('a run is logged with the ids of the request that created its job', { timeout: 60_000 }, async () => {
  const service = await startService({ DATABASE_URL: await freshDatabaseOfTest(), LOG_LEVEL: 'info' })
  onTestFinished(async () => {
    await service.stop()
  })
  const answer = await fetch(`${service.url}/jobs`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-request-id': 'of-a-client',
      traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
    },
    body: JSON.stringify({
      dataset: 'xor',
      network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
      loss: 'binaryCrossentropy',
      epochs: 5,
    }),
  })
  expect([answer.status, answer.headers.get('x-request-id')]).toEqual([202, 'of-a-client'])
  expect(answer.headers.get('traceparent')).toContain(traceId)
  const jobId = answer.headers.get('location')?.split('/').at(-1)
  const lines = await eventually(() => {
    const found = service
      .output()
      .split('\n')
      .filter((line) => line.includes('"process":"worker"') && line.includes(`"jobId":"${jobId}"`))
    return found.some((line) => line.includes('run ended')) ? found : undefined
  })
  expect(lines.length).toBeGreaterThanOrEqual(2)
  for (const line of lines) {
    expect(JSON.parse(line)).toMatchObject({
      requestId: 'of-a-client',
      traceId,
      tenantId: 'local',
      attempt: 1,
    })
  }
})
