/** The page of a run shows its findings, and leads to a better run by one click. */
import { afterEach, expect, it } from 'vitest'
import { request, submit } from '../../examples/client.js'
import { jobSchema } from '../../src/contract/job.js'
import { isFinished } from '../../src/contract/job-status.js'
import { browserSuite, hasChromium } from '../support/browser.js'
import { eventually } from '../support/service.js'

const suite = browserSuite()
afterEach(() => expect(suite.failures).toEqual([]))

const circles = (name: string, changes: object = {}) =>
  ({
    name,
    dataset: { name: 'circles', rows: 200, noise: 0.05, seed: 1 },
    network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
    loss: 'binaryCrossentropy',
    optimizer: { type: 'adam', learningRate: 0.02 },
    epochs: 100,
    validationSplit: 0.25,
    seed: 1,
    ...changes,
  }) as Parameters<typeof submit>[1]

async function ended(id: string) {
  return eventually(async () => {
    const job = await request(`${suite.service().url}/jobs/${id}`, jobSchema)
    return isFinished(job.status) ? job : undefined
  })
}

it.skipIf(!hasChromium)('"Try it" starts a better run', { timeout: 60_000 }, async () => {
  const bad = await ended((await submit(suite.service().url, circles('straight line'))).id)
  const page = await suite.open(`#/runs/${bad.id}`)
  const finding = page.getByRole('listitem').filter({ hasText: 'Underfitting' })
  await finding.getByText(/since epoch \d+/).waitFor()
  await finding.getByText(/^The training loss stays at 0\.69/).waitFor()
  await finding.getByRole('button', { name: 'Try it' }).click()
  await page.getByRole('heading', { name: 'Comparison' }).waitFor()
  const better = page.getByRole('row').filter({ hasText: 'straight line, patched: underfitting' })
  await better.getByText('succeeded').waitFor()
  const [one, other] = decodeURIComponent(new URL(page.url()).hash.split('/').at(-1) ?? '').split(',')
  expect(one).toBe(bad.id)
  const good = await ended(other)
  expect(good.spec.network.layers).toHaveLength(2)
  expect(good.metrics.valLoss).toBeLessThan((bad.metrics.valLoss ?? 0) / 2)
  await page.close()
})

it.skipIf(!hasChromium)('"Try it" forks where the fault began', { timeout: 60_000 }, async () => {
  const { url } = suite.service()
  const hidden = { type: 'dense', units: 8, activation: 'tanh' }
  const sine = {
    dataset: { name: 'sine' },
    network: { layers: [hidden, { type: 'dense', units: 1, activation: 'linear' }] },
    loss: 'meanSquaredError',
    optimizer: { type: 'sgd', learningRate: 0.05 },
  }
  const plain = await ended((await submit(url, circles('steady', sine))).id)
  const bad = await ended(
    (
      await request(`${url}/jobs/${plain.id}/fork`, jobSchema, {
        epoch: 40,
        changes: { learningRate: 200 },
      })
    ).id,
  )
  const page = await suite.open(`#/runs/${bad.id}`)
  await page.getByRole('button', { name: 'Try it from epoch 41' }).first().click()
  await page.getByRole('heading', { name: 'Comparison' }).waitFor()
  await page.getByText(/differs is epoch 41|first 40 epochs are equal/).waitFor()
  const good = await ended(new URL(page.url()).hash.split('%2C').at(-1) ?? '')
  expect(good).toMatchObject({ status: 'succeeded', forkOf: { job: bad.id, epoch: 40 } })
  expect(good.metrics.valLoss).toBeLessThan(plain.metrics.valLoss ?? 0)
  await page.close()
})

it.skipIf(!hasChromium)(
  'reads the diagnosis of a running job every few seconds',
  { timeout: 60_000 },
  async () => {
    const { url } = suite.service()
    const job = await submit(url, circles('endless', { epochs: 10_000_000 }))
    const page = await suite.open('#/runs')
    const times: number[] = []
    page.on('request', (sent) => {
      if (new URL(sent.url()).pathname.endsWith('/diagnosis')) times.push(performance.now())
    })
    await page.goto(`${url}/#/runs/${job.id}`)
    await expect.poll(() => times.length, { timeout: 30_000 }).toBeGreaterThanOrEqual(4)
    // The first answers come with the page and with the start of the job.
    expect(times[3] - times[2]).toBeGreaterThan(4_000)
    await request(`${url}/jobs/${job.id}/cancel`, jobSchema, {})
    await page.getByText('cancelled').first().waitFor()
    await page.close()
  },
)
