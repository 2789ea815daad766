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
  await page.getByRole('heading', { name: 'straight line, patched: underfitting' }).waitFor()
  await page.getByText('succeeded').waitFor()
  const id = new URL(page.url()).hash.split('/').at(-1) ?? ''
  const good = await ended(id)
  expect(good.spec.network.layers).toHaveLength(2)
  expect(good.metrics.valLoss).toBeLessThan((bad.metrics.valLoss ?? 0) / 2)
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
