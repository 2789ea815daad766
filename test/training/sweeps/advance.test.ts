/** Sweeps of tenants advance independently. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parseBySchema } from '../../../src/bodies/validate.js'
import { jobRequestSchema } from '../../../src/contract/job-request.js'
import { unlimited } from '../../../src/store/tenant-limits.js'
import { newId } from '../../../src/training/new-id.js'
import { unknownOrigin } from '../../../src/training/ports/origin.js'
import { advanceForever } from '../../../src/training/sweeps/advance-forever.js'
import { SweepDecisions } from '../../../src/training/sweeps/decisions.js'
import { Suggestions } from '../../../src/training/sweeps/suggestions.js'
import { generated } from '../../support/generated.js'
import { openStores, type Stores } from '../../support/stores.js'
import { sweepDefinition } from '../../support/sweep-definition.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})
afterAll(() => stores.close())

const layers = [{ type: 'dense', units: 1, activation: 'sigmoid' }]
const parameters = [{ path: '/seed', values: [1, 2, 3, 4, 5, 6] }]

async function createSweep(tenantId: string, rows: number): Promise<string> {
  const spec = {
    ...{ dataset: { name: 'spirals', rows }, network: { layers } },
    ...{ loss: 'binaryCrossentropy', epochs: 1 },
  }
  const definition = sweepDefinition({ spec, parameters, metric: 'loss' }, 1)
  const id = newId('sweep')
  await stores.sweeps.of(tenantId).create({ id, name: null, definition, trials: 6, ...unknownOrigin })
  return id
}

/** Datasets of 500 rows take so long to generate that none is ready before `release`. */
function openRunner() {
  let release = () => {}
  const slow = new Promise<void>((resolve) => {
    release = resolve
  })
  const { models, datasets, sweeps } = stores
  const errors: unknown[] = []
  const runner = advanceForever({
    sweeps,
    plan: {
      ...{ models, datasets, maximumThreads: 1 },
      generated: {
        of: (tenantId) => ({
          async describe(dataset) {
            if (dataset.rows === 500) await slow
            return generated.of(tenantId).describe(dataset)
          },
        }),
      },
    },
    parseJob: (body) => parseBySchema(jobRequestSchema, body, 'job'),
    queue: { wake: async () => {} },
    suggestions: new Suggestions(sweeps, { suggest: async () => [] }),
    decisions: new SweepDecisions(sweeps),
    tenant: async (tenantId) => ({ tenantId, limits: { settings: unlimited, own: {} } }),
    onError: (error) => errors.push(error),
  })
  return { runner, errors, release }
}

async function untilCreated(tenantId: string, id: string, trials: number): Promise<void> {
  while ((await stores.sweeps.of(tenantId).get(id))?.counts.queued !== trials) await sleep(20)
}

it('the trials of a tenant are created while those of another take long, also of a later sweep', async () => {
  const slow = await createSweep('slow', 500)
  const quick = await createSweep('quick', 20)
  const { runner, errors, release } = openRunner()
  runner.wake()
  await untilCreated('quick', quick, 6)
  const later = await createSweep('quick', 20)
  runner.wake()
  await untilCreated('quick', later, 6)
  expect((await stores.sweeps.of('slow').get(slow))?.counts.queued).toBe(0)
  // A second sweep of the busy tenant follows the first.
  const next = await createSweep('slow', 20)
  runner.wake()
  release()
  await untilCreated('slow', slow, 6)
  await untilCreated('slow', next, 6)
  await runner.stop()
  expect(errors).toEqual([])
})

it('stops without creating further trials', async () => {
  const id = await createSweep('stopped', 500)
  const { runner, release } = openRunner()
  runner.wake()
  await sleep(200)
  const stopped = runner.stop()
  release()
  await stopped
  const counts = (await stores.sweeps.of('stopped').get(id))?.counts
  expect(counts?.queued).toBeLessThan(6)
})
