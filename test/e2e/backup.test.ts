/** Backup and restore as docs/operating.md describes them: the restored service predicts the same and trains on. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { jobSchema } from '../../src/contract/job.js'
import { createdWebhookSchema, webhookSchema } from '../../src/contract/webhook.js'
import { installedPostgres, startInstalledPostgres } from '../support/installed-postgres.js'
import { eventually, type Service, startService, temporaryFolder } from '../support/service.js'

const xor = {
  dataset: 'xor',
  network: {
    layers: [
      { type: 'dense', units: 4, activation: 'tanh' },
      { type: 'dense', units: 1, activation: 'sigmoid' },
    ],
  },
  loss: 'binaryCrossentropy',
  optimizer: { type: 'adam', learningRate: 0.05 },
  epochs: 200,
  seed: 7,
}

async function call<T>({ url }: Service, path: string, schema: z.ZodType<T>, body?: unknown): Promise<T> {
  const response = await fetch(`${url}${path}`, {
    ...(body !== undefined && {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  })
  expect(response.ok, await response.clone().text()).toBe(true)
  return schema.parse(await response.json())
}

async function train(service: Service): Promise<string> {
  const { id } = await call(service, '/jobs', jobSchema, xor)
  return eventually(async () => {
    const { status, modelId, error } = await call(service, `/jobs/${id}`, jobSchema)
    expect(error).toBeNull()
    return status === 'succeeded' && modelId !== null ? modelId : undefined
  })
}

const predictionsSchema = z.object({ predictions: z.array(z.object({ output: z.array(z.number()) })) })
const predict = (service: Service, modelId: string) =>
  call(service, `/models/${modelId}/predict?x=0,0&x=0,1&x=1,0&x=1,1`, predictionsSchema)

async function started(environment: Record<string, string>): Promise<Service> {
  const service = await startService(environment)
  onTestFinished(async () => void (await service.stop()))
  return service
}

/** What must survive: a model, and a webhook, whose secret is of use only with the key that encrypts it. */
async function fill(service: Service) {
  const modelId = await train(service)
  const hook = { url: 'https://example.com/hook', events: ['job.failed'] }
  const { id: webhookId } = await call(service, '/webhooks', createdWebhookSchema, hook)
  return { modelId, webhookId, before: await predict(service, modelId) }
}

async function expectRestored(service: Service, filled: Awaited<ReturnType<typeof fill>>): Promise<void> {
  const { modelId, webhookId, before } = filled
  expect(before.predictions).toHaveLength(4)
  expect(await predict(service, modelId)).toEqual(before)
  expect(await call(service, `/webhooks/${webhookId}`, webhookSchema)).toMatchObject({ status: 'active' })
  expect(service.output()).not.toContain('no key of WEBHOOK_KEYS opens')
  // The same seed gives the same model there.
  expect((await predict(service, await train(service))).predictions).toEqual(before.predictions)
}

describe('a backup', () => {
  it('of the folder of a stopped service restores it elsewhere', async () => {
    const folder = temporaryFolder()
    onTestFinished(() => folder.remove())
    // PostgreSQL's own user, where root runs the tests, has to enter.
    chmodSync(folder.path, 0o711)
    const data = join(folder.path, 'data')
    mkdirSync(data)
    const original = await started({ DATA_DIRECTORY: data })
    const filled = await fill(original)
    expect((await original.stop()).code).toBe(0)
    const backup = join(folder.path, 'backup')
    expect(spawnSync('cp', ['-aL', data, backup]).status).toBe(0)
    await expectRestored(await started({ DATA_DIRECTORY: backup }), filled)
  }, 300_000)

  it.skipIf(installedPostgres === undefined)(
    'by pg_dump of a running service restores it in another database',
    async () => {
      const postgres = await startInstalledPostgres(installedPostgres ?? '')
      onTestFinished(() => postgres.stop())
      const folder = temporaryFolder()
      onTestFinished(() => folder.remove())
      const file = join(folder.path, 'descent.dump')
      const WEBHOOK_KEYS = Buffer.alloc(32, 1).toString('base64')
      postgres.run('createdb', 'original')
      const original = await started({ DATABASE_URL: postgres.address('original'), WEBHOOK_KEYS })
      const filled = await fill(original)
      postgres.run('pg_dump', '--format=custom', `--file=${file}`, 'original')
      postgres.run('createdb', 'restored')
      postgres.run('pg_restore', '--no-owner', '--exit-on-error', '--dbname=restored', file)
      await expectRestored(
        await started({ DATABASE_URL: postgres.address('restored'), WEBHOOK_KEYS }),
        filled,
      )
    },
    300_000,
  )
})
