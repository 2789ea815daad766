/** `npm run workshop`: who reads what it prints can join, train, and see everybody. */
import { expect, it } from 'vitest'
import { jobSchema } from '../../src/contract/job.js'
import { joinedSchema, workshopDetailSchema } from '../../src/contract/workshop.js'
import { freshDatabaseOfTest } from '../support/postgres.js'
import { eventually, startService } from '../support/service.js'

/** What a person reads in the terminal. */
function read(output: string) {
  const [, code] = /with the code ([A-Z]{6})/.exec(output) ?? []
  const [, id] = /#\/workshops\/(wks_[0-9a-f]{32})/.exec(output) ?? []
  const [key] = /descent_[0-9a-f]{104}/.exec(output) ?? []
  return { code, id, key }
}

async function ask(url: string, key: string | undefined, body?: object) {
  const response = await fetch(url, {
    headers: {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  })
  return { status: response.status, body: await response.json() }
}

const job = {
  dataset: 'xor',
  network: {
    layers: [
      { type: 'dense', units: 4, activation: 'tanh' },
      { type: 'dense', units: 1, activation: 'sigmoid' },
    ],
  },
  loss: 'binaryCrossentropy',
  optimizer: { type: 'adam', learningRate: 0.05 },
  epochs: 500,
  seed: 1,
}

it('opens a workshop that the next start continues', { timeout: 120_000 }, async () => {
  const environment = { DATABASE_URL: await freshDatabaseOfTest('empty'), HOST: '127.0.0.1' }
  const first = await startService(environment, 'dist/src/workshop.js')
  const { code, id, key } = read(first.output())
  const { body } = await ask(`${first.url}/workshop/join`, undefined, { code, nickname: 'ada' })
  const ada = joinedSchema.parse(body).key
  const { id: jobId } = jobSchema.parse((await ask(`${first.url}/jobs`, ada, job)).body)
  const ended = await eventually(async () => {
    const { status, metrics } = jobSchema.parse((await ask(`${first.url}/jobs/${jobId}`, ada)).body)
    return status === 'succeeded' ? metrics : undefined
  })
  expect(ended.loss).toBeLessThan(0.05)
  const seen = workshopDetailSchema.parse((await ask(`${first.url}/workshops/${id}`, key)).body)
  expect(seen.participants).toMatchObject([
    { nickname: 'ada', latest: { status: 'succeeded', metrics: ended } },
  ])
  // The page of participants needs no key.
  expect((await fetch(first.url)).status).toBe(200)
  await first.stop()

  const second = await startService(environment, 'dist/src/workshop.js')
  const again = read(second.output())
  expect([again.code, again.id]).toEqual([code, id])
  expect((await ask(`${second.url}/jobs`, ada)).status).toBe(200)
  expect((await ask(`${second.url}/workshops`, key)).status).toBe(401)
  expect((await ask(`${second.url}/workshops`, again.key)).status).toBe(200)
  await second.stop()
})
