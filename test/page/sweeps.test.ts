/** The views of sweeps: the list, and one sweep with its points. */
import { afterEach, expect, it } from 'vitest'
import { request, submit } from '../../examples/client.js'
import { type Sweep, sweepSchema, sweepSummarySchema } from '../../src/contract/sweep.js'
import { findingsOf } from '../support/axe.js'
import { browserSuite, hasChromium } from '../support/browser.js'

const suite = browserSuite()
afterEach(() => expect(suite.failures).toEqual([]))

const xor = (epochs: number) => ({
  dataset: 'xor',
  network: {
    layers: [
      { type: 'dense', units: 4, activation: 'tanh' },
      { type: 'dense', units: 1, activation: 'sigmoid' },
    ],
  },
  loss: 'binaryCrossentropy',
  optimizer: { type: 'adam', learningRate: 0.01 },
  epochs,
  seed: 1,
})

const rates = {
  path: '/optimizer/learningRate',
  min: 0.001,
  max: 0.1,
  scale: 'log' as const,
  steps: 3,
}
const units = { path: '/network/layers/0/units', values: [2, 8] }

async function start(body: object): Promise<string> {
  return (await request(`${suite.service().url}/sweeps`, sweepSummarySchema, body)).id
}

const read = (id: string) => request(`${suite.service().url}/sweeps/${id}`, sweepSchema)

async function finished(id: string): Promise<Sweep> {
  await expect.poll(async () => (await read(id)).status, { timeout: 60_000 }).toBe('succeeded')
  return read(id)
}

it.skipIf(!hasChromium)('lists sweeps, and shows the points of one', { timeout: 90_000 }, async () => {
  const id = await start({
    name: 'rates and units',
    spec: xor(30),
    parameters: [rates, units],
    metric: 'loss',
    seeds: 2,
  })
  const { best } = await finished(id)
  const page = await suite.open('#/sweeps')
  const row = page.getByRole('row').filter({ hasText: 'rates and units' })
  await row.getByText('succeeded').waitFor()
  await row.getByText('±').waitFor()
  expect(await row.getByRole('cell').nth(2).textContent()).toBe('12')

  await row.getByRole('link', { name: 'rates and units' }).click()
  await page.getByRole('progressbar', { name: '12 of 12 trials ended, 12 created' }).waitFor()
  const points = page.getByRole('region', { name: 'Points' }).getByRole('row')
  await expect.poll(() => points.count()).toBe(1 + 6)
  const column = (number: number) =>
    page.getByRole('region', { name: 'Points' }).locator(`tbody td:nth-child(${number})`).allTextContents()
  // The best point is first, as the service ranks it.
  expect(await column(1)).toEqual(best.map(({ point }) => String(point)))
  await page.getByRole('button', { name: 'learningRate' }).press('Enter')
  expect(await column(4)).toEqual(['0.001', '0.001', '0.01', '0.01', '0.1', '0.1'])
  await page.getByRole('button', { name: 'learningRate' }).press('Enter')
  expect(await column(4)).toEqual(['0.1', '0.1', '0.01', '0.01', '0.001', '0.001'])
  expect(await page.locator('th[aria-sort]').getAttribute('aria-sort')).toBe('descending')

  // The plots of the same points.
  await page
    .getByRole('img', { name: /^Parallel coordinates of 6 points over learningRate, layer 1 units/ })
    .waitFor()
  const described = page.locator('.chosen-point output')
  expect(await described.textContent()).toContain(
    `1 of 6: point ${best[0]?.point}, learningRate 0.1, layer 1 units 8`,
  )
  await page.getByRole('slider', { name: 'Rank' }).press('ArrowRight')
  expect(await described.textContent()).toContain(`2 of 6: point ${best[1]?.point}`)
  expect(await page.getByRole('link', { name: 'Take this spec' }).getAttribute('href')).toBe(
    `#/new/${best[1]?.jobIds[0]}`,
  )
  const cells = page.getByRole('region', { name: /^Mean loss/ }).locator('td')
  expect(await cells.count()).toBe(6)
  await page.getByText('The share of the variance of the scores of 6 points').waitFor()
  expect(await findingsOf(page)).toEqual([])
  await page.setViewportSize({ width: 360, height: 780 })
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)
  await page.setViewportSize({ width: 1280, height: 900 })

  await page.getByRole('link', { name: /^Run of trial 1, seed 1$/ }).click()
  await page.getByRole('heading', { name: 'rates and units #1' }).waitFor()
  await page.close()
})

it.skipIf(!hasChromium)('takes the spec of a point for a new job', { timeout: 90_000 }, async () => {
  const id = await start({
    name: 'taken',
    spec: xor(5),
    parameters: [units, { path: '/batchSize', values: [1, 2] }],
    metric: 'loss',
    search: { type: 'tpe', points: 4 },
  })
  const [best] = (await finished(id)).best
  const page = await suite.open(`#/sweeps/${id}`)
  await page.getByRole('link', { name: 'Take this spec' }).click()
  const text = page.getByLabel('The job, as JSON')
  await text.waitFor()
  const spec = JSON.parse(await text.inputValue())
  expect([spec.network.layers[0].units, spec.batchSize]).toEqual([
    best?.values['/network/layers/0/units'],
    best?.values['/batchSize'],
  ])
  await page.getByText('Evaluate the model on rows that no trial has seen', { exact: false }).waitFor()
  expect(await findingsOf(page)).toEqual([])
  await page.setViewportSize({ width: 360, height: 780 })
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)
  await page.getByRole('button', { name: 'Start training' }).click()
  await page.waitForURL(/#\/runs\/job_/)
  await page.close()
})

it.skipIf(!hasChromium)('pauses, resumes, cancels and deletes a sweep', { timeout: 90_000 }, async () => {
  const id = await start({
    name: 'long',
    spec: xor(1_000_000),
    parameters: [rates],
    metric: 'loss',
    parallelism: 1,
  })
  const page = await suite.open(`#/sweeps/${id}`)
  const status = (text: string) => page.locator('.under').getByText(text, { exact: true }).waitFor()
  await status('running')
  await page.getByRole('button', { name: 'Pause' }).click()
  await status('paused')
  await page.getByRole('button', { name: 'Resume' }).click()
  await status('running')
  await page.getByRole('button', { name: 'Cancel' }).click()
  await status('cancelled')
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('button', { name: 'Delete permanently?' }).click()
  await page.getByRole('heading', { name: 'Sweeps' }).waitFor()
  expect(await page.getByRole('link', { name: 'long', exact: true }).count()).toBe(0)
  await page.close()
})

it.skipIf(!hasChromium)('says why trials were refused', { timeout: 90_000 }, async () => {
  const id = await start({
    name: 'refusals',
    spec: xor(5),
    parameters: [{ path: '/network/layers/0/units', values: [2, 0, 'many'] }],
    metric: 'loss',
  })
  await finished(id)
  const page = await suite.open(`#/sweeps/${id}`)
  await page.getByText('2 trials were refused').click()
  await page.getByText('/network/layers/0/units', { exact: false }).first().waitFor()
  await page.getByText('Trial 2', { exact: true }).waitFor()
  await page.close()
})

it.skipIf(!hasChromium)('starts a sweep around a run', { timeout: 90_000 }, async () => {
  const { url } = suite.service()
  const job = await submit(url, { ...xor(5), name: 'base of a sweep' } as Parameters<typeof submit>[1])
  const page = await suite.open(`#/runs/${job.id}`)
  await page.getByRole('link', { name: 'Sweep around this' }).click()
  await page.getByText('This sweep has 5 trials.').waitFor()
  await page.getByRole('button', { name: 'Add parameter' }).click()
  await page.getByRole('group', { name: 'Parameter 2' }).getByLabel('Values', { exact: true }).fill('2, 0, 3')
  await page.getByText('This sweep has 15 trials.').waitFor()
  expect(await findingsOf(page)).toEqual([])
  await page.setViewportSize({ width: 360, height: 780 })
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)
  await page.setViewportSize({ width: 1280, height: 900 })

  // A refusal is shown at its field.
  await page.getByLabel('Metric').selectOption('valLoss')
  await page.getByRole('button', { name: 'Start sweep' }).click()
  await page.locator('.field.wrong', { hasText: 'Metric' }).getByText('needs validation rows').waitFor()
  await page.getByLabel('Metric').selectOption('loss')
  const path = page.getByRole('group', { name: 'Parameter 2' }).getByLabel('Place in the spec')
  await path.fill('/network/layers/7/units')
  await page.getByRole('button', { name: 'Start sweep' }).click()
  await page
    .locator('.field.wrong', { hasText: 'Place in the spec' })
    .getByText('not the index of one')
    .waitFor()

  // The browser reports both refusals.
  expect(suite.failures.splice(0)).toHaveLength(2)

  await path.fill('/network/layers/0/units')
  await page.getByRole('group', { name: 'Parameter 2' }).getByLabel('Values', { exact: true }).fill('2, 3')
  await page.getByRole('button', { name: 'Start sweep' }).click()
  await page.getByRole('progressbar', { name: '10 of 10 trials ended, 10 created' }).waitFor()
  await page.close()
})

it.skipIf(!hasChromium)('starts asha with a condition from the form', { timeout: 90_000 }, async () => {
  const job = await submit(suite.service().url, { ...xor(64), name: 'base of asha' } as Parameters<
    typeof submit
  >[1])
  const page = await suite.open(`#/new-sweep/${job.id}`)
  const [first, second] = [1, 2].map((number) => page.getByRole('group', { name: `Parameter ${number}` }))
  await first?.getByRole('button', { name: 'values' }).click()
  await first?.getByLabel('Place in the spec').fill('/batchSize')
  await first?.getByLabel('Values', { exact: true }).fill('2, full')
  await page.getByRole('button', { name: 'Add parameter' }).click()
  await second?.getByLabel('Place in the spec').fill('/network/layers/0/units')
  await second?.getByLabel('Values', { exact: true }).fill('2, 3, 4')
  await page.getByText('This sweep has 6 trials.').waitFor()
  await second?.getByLabel('Varied').selectOption('/batchSize')
  await second?.getByLabel('is one of').fill('full')
  // A batch of 2 with the units of the spec, and a full batch with each number of units.
  await page.getByText('This sweep has 4 trials.').waitFor()

  await page.getByLabel('Search').selectOption('asha')
  await page.getByLabel('Points', { exact: true }).fill('12')
  // 64 epochs / 16.
  const minimum = page.getByLabel('Epochs before the first decision')
  expect(await minimum.inputValue()).toBe('4')
  await page.getByText('This sweep has 12 trials.').waitFor()
  expect(await findingsOf(page)).toEqual([])
  await page.setViewportSize({ width: 360, height: 780 })
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)
  await page.setViewportSize({ width: 1280, height: 900 })
  await minimum.fill('64')
  await page.getByRole('button', { name: 'Start sweep' }).click()
  await page
    .locator('.field.wrong', { hasText: 'Epochs before the first decision' })
    .getByText('must be less than the epochs of the spec')
    .waitFor()
  // The browser reports the refusal.
  expect(suite.failures.splice(0)).toHaveLength(1)

  await minimum.fill('4')
  await page.getByRole('button', { name: 'Start sweep' }).click()
  await page.getByRole('progressbar', { name: '12 of 12 trials ended, 12 created' }).waitFor()
  const sweep = await read(decodeURIComponent(page.url().split('/').at(-1) ?? ''))
  expect(sweep).toMatchObject({ search: { type: 'asha', points: 12, minimumEpochs: 4 } })
  expect(sweep.parameters[1]).toMatchObject({ when: { path: '/batchSize', in: ['full'] } })
  await page.close()
})

it.skipIf(!hasChromium)('leads from a file to the best of 200 specs', { timeout: 240_000 }, async () => {
  const lines = Array.from(
    { length: 120 },
    (_, row) => `${row % 11},${row % 7},${row % 11 > row % 7 ? 'yes' : 'no'}`,
  )
  const page = await suite.open('#/new')
  await page.getByLabel('Upload a dataset').setInputFiles({
    name: 'searched.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from(`a,b,y\n${lines.join('\n')}\n`),
  })
  await page.getByText('120 rows, 2 features, target y').waitFor()
  expect(await findingsOf(page)).toEqual([])
  const review = page.getByRole('region', { name: 'searched.csv' })
  await review.getByRole('button', { name: 'Find the best of 200' }).click()
  await page.getByRole('heading', { name: 'Best of 200: searched' }).waitFor()
  const id = decodeURIComponent(page.url().split('/').at(-1) ?? '')
  await expect.poll(async () => (await read(id)).status, { timeout: 200_000 }).toBe('succeeded')
  const { best, counts, spec } = await read(id)
  expect(counts).toMatchObject({ succeeded: 200, refused: 0 })
  expect(spec).toMatchObject({ testSplit: 0.2, validationSplit: 0.25 })

  // The page ranks the points as the service does.
  const points = page.getByRole('region', { name: 'Points' })
  await page.getByRole('progressbar', { name: '200 of 200 trials ended, 200 created' }).waitFor()
  await expect.poll(() => points.locator('tbody td').first().textContent()).toBe(String(best[0]?.point))
  const card = page.getByRole('region', { name: 'Test rows' })
  await card.getByRole('button', { name: 'Evaluate on the test rows' }).click()
  // A fifth of 120 rows.
  await card.getByText('on 24 test rows. This is the first test on these rows.', { exact: false }).waitFor()
  await card.getByText('Accuracy', { exact: true }).waitFor()
  // A threshold that these rows chose would make their result optimistic.
  expect(await card.getByRole('slider').count()).toBe(0)
  expect(await findingsOf(page)).toEqual([])
  await page.setViewportSize({ width: 360, height: 780 })
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)
  await page.setViewportSize({ width: 1280, height: 900 })
  await page.reload()
  await card.getByText('This model was evaluated on them 1 time before.').waitFor()
  await page.getByRole('link', { name: 'Take this spec' }).click()
  const text = page.getByLabel('The job, as JSON')
  await text.waitFor()
  // The test rows stay apart in the job that follows.
  expect(JSON.parse(await text.inputValue())).toMatchObject({ testSplit: 0.2, dataset: spec.dataset })
  await page.close()
})
