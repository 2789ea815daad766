/** Metrics on the page name their rows and scale. */
import type { Page } from 'playwright-core'
import { afterEach, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { submit } from '../../examples/client.js'
import { type Job, jobSchema } from '../../src/contract/job.js'
import type { jobRequestSchema } from '../../src/contract/job-request.js'
import { browserSuite, hasChromium } from '../support/browser.js'
import { housePricesCsv } from '../support/made-files.js'
import { watchJob } from '../support/watching.js'

const suite = browserSuite()
afterEach(() => expect(suite.failures).toEqual([]))

async function trained(request: z.input<typeof jobRequestSchema>): Promise<Job> {
  const { url } = suite.service()
  const { id } = await submit(url, request)
  await watchJob(url, id).ended
  return jobSchema.parse(await (await fetch(`${url}/jobs/${id}`)).json())
}

async function uploaded(name: string, csv: string, parameters = ''): Promise<string> {
  const answer = await fetch(`${suite.service().url}/datasets?name=${name}${parameters}`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: csv,
  })
  const { id } = (await answer.json()) as { id: string }
  return id
}

const dense = (units: number, activation: 'tanh' | 'sigmoid' | 'linear') => ({
  type: 'dense' as const,
  units,
  activation,
})

const percent = (share: number | null) =>
  share === null ? '–' : `${share === 0 || share === 1 ? 100 * share : (100 * share).toFixed(1)} %`

/** Other rows may have the name in a figure, or are of other tests. */
const runRow = (page: Page, name: string) =>
  page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) })

describe.skipIf(!hasChromium)('the metrics of a run', () => {
  it('are those of its best epoch, which the curves mark', { timeout: 60_000 }, async () => {
    const job = await trained({
      name: 'stopped early',
      dataset: { name: 'moons', rows: 60, noise: 0.5, seed: 1 },
      network: { layers: [dense(16, 'tanh'), dense(1, 'sigmoid')] },
      loss: 'binaryCrossentropy',
      optimizer: { type: 'adam', learningRate: 0.05 },
      validationSplit: 0.3,
      epochs: 300,
      earlyStopping: { patience: 8 },
      seed: 1,
    })
    const { bestEpoch, epoch, metrics } = job
    // Eight epochs without improvement follow the best one.
    expect(epoch).toBe((bestEpoch ?? 0) + 8)
    const page = await suite.open(`#/runs/${job.id}`)
    await page.getByText('complete').waitFor()
    const figure = (name: string) =>
      page.locator('main > section > .figures > div').filter({ hasText: name }).locator('dd').textContent()
    expect(await figure('Best epoch')).toBe(`${bestEpoch} of ${epoch}`)
    expect(await figure('Accuracy (validation)')).toBe(percent(metrics.valAccuracy))
    expect(await figure('Accuracy (training)')).toBe(percent(metrics.accuracy))
    const marked = page.getByRole('img', { name: `The best epoch is ${bestEpoch}.` })
    await expect.poll(() => marked.count()).toBe(2)
    // The evaluation is of the same weights on the same rows.
    await page
      .locator('#evaluation')
      .getByText(`(${percent(metrics.valAccuracy)})`)
      .waitFor()

    await page.goto(`${suite.service().url}/#/runs`)
    const row = runRow(page, 'stopped early')
    await row.getByText(`best epoch ${bestEpoch} of ${epoch}`).waitFor()
    expect(await row.locator('.accuracy').textContent()).toBe(`${percent(metrics.valAccuracy)}validation`)
    expect(await row.locator('.loss .figure').textContent()).toMatch(/validation$/)
    await page.goto(`${suite.service().url}/#/models`)
    const cells = page.getByRole('row').filter({ hasText: 'stopped early' }).locator('.of-rows')
    await expect
      .poll(() => cells.allTextContents(), { timeout: 10_000 })
      .toEqual([expect.stringMatching(/validation$/), `${percent(metrics.valAccuracy)}validation`])
    await page.close()
  })

  it('name the scale of the loss, and omit accuracy for regression', { timeout: 60_000 }, async () => {
    const dataset = await uploaded('houses', housePricesCsv())
    const job = await trained({ name: 'standardized', dataset, epochs: 20, validationSplit: 0.2, seed: 1 })
    expect(job.spec.targetScaling).toBe('standardize')
    const page = await suite.open(`#/runs/${job.id}`)
    await page.getByText('Loss (validation, standardized target)').waitFor()
    await page.getByText('complete').waitFor()
    expect(await page.getByText(/^Accuracy/).count()).toBe(0)
    await page.goto(`${suite.service().url}/#/runs`)
    const row = runRow(page, 'standardized')
    await row.getByText('validation, standardized target').waitFor()
    expect(await row.locator('.accuracy').textContent()).toBe('–')
    await page.close()
  })

  it('are flagged if they are worse than predicting the mean', { timeout: 60_000 }, async () => {
    const dataset = await uploaded('unscaled', housePricesCsv())
    const job = await trained({
      dataset,
      network: { layers: [dense(4, 'tanh'), dense(1, 'linear')] },
      loss: 'meanSquaredError',
      targetScaling: 'none',
      validationSplit: 0.2,
      // At this learning rate, five epochs cannot reach prices of hundreds of thousands.
      optimizer: { type: 'adam', learningRate: 0.001 },
      epochs: 5,
      seed: 1,
    })
    const page = await suite.open(`#/runs/${job.id}`)
    const evaluation = page.locator('#evaluation')
    await evaluation.locator('.notice.warn').waitFor()
    await evaluation.getByText('worse than always predicting the mean').last().waitFor()
    await page.close()
  })

  it('explain cross-validation', { timeout: 60_000 }, async () => {
    const job = await trained({ dataset: 'iris', seed: 1 })
    expect(job.spec.earlyStopping?.folds).toBe(5)
    const page = await suite.open(`#/runs/${job.id}`)
    await page.getByText('Cross-validation with 5 folds chose the number of epochs').waitFor()
    await page
      .getByText(
        'On all 150 rows by cross-validation: each row was predicted by a network trained without it',
      )
      .waitFor()
    await page.close()
  })
})

describe.skipIf(!hasChromium)('a new job', () => {
  it('weights classes, and reads validation rows like its dataset', { timeout: 90_000 }, async () => {
    const csvRows = (count: number, from: number) =>
      Array.from({ length: count }, (_, index) => {
        const row = from + index
        return `${row % 50},${row % 3},${row % 25 === 0 ? 'rare' : 'usual'}`
      }).join('\n')
    const dataset = await uploaded('skewed', `size,code,kind\n${csvRows(500, 0)}\n`, '&types=code:category')
    const page = await suite.open(`#/new/${dataset}`)
    await page.getByLabel('Class weights').selectOption('balanced')
    await page.getByLabel('Validation data', { exact: true }).selectOption('dataset')
    await page.getByLabel('Upload validation rows').setInputFiles({
      name: 'later.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(`size,code,kind\n${csvRows(100, 7)}\n`),
    })
    await expect
      .poll(() => page.getByLabel('Validation dataset').inputValue(), { timeout: 20_000 })
      .toMatch(/^ds_/)
    await page.getByLabel('Name', { exact: true }).fill('weighted')
    await page.getByLabel('Seed').fill('1')
    await page.getByRole('button', { name: 'Start training' }).click()
    await page.getByText('On all 100 validation rows').waitFor({ timeout: 60_000 })
    const { url } = suite.service()
    const job = jobSchema.parse(await (await fetch(`${url}/jobs/${page.url().split('/').at(-1)}`)).json())
    expect(job.spec.classWeight).toBe('balanced')
    const later = (await (await fetch(`${url}/datasets/${job.spec.validationDataset}`)).json()) as {
      columns: { name: string; type: string }[]
    }
    // Without the types of the training dataset, integers would be numbers.
    expect(later.columns.find(({ name }) => name === 'code')?.type).toBe('category')
    await page.close()
  })

  it('predicts from dates and missing values', { timeout: 90_000 }, async () => {
    const lines = Array.from({ length: 300 }, (_, row) => {
      const day = new Date(Date.UTC(2024, 0, 1 + row)).toISOString().slice(0, 10)
      return `${day},${row % 10 === 0 ? '' : row % 7},${row}`
    })
    const dataset = await uploaded('days', `day,visits,total\n${lines.join('\n')}\n`, '&target=total')
    const job = await trained({ dataset, seed: 1, epochs: 100 })
    const page = await suite.open(`#/models/${job.modelId}`)
    await page.getByLabel('day').fill('2024-06-29')
    const total = async () =>
      Number((await page.locator('.prediction p.large').textContent())?.replaceAll(',', ''))
    // 29 June is the 181st day of 2024: row 180.
    await expect.poll(total, { timeout: 10_000 }).toBeGreaterThan(150)
    await expect.poll(total).toBeLessThan(210)
    await page.getByLabel('visits').fill('')
    await expect.poll(total).toBeGreaterThan(140)
    await page.getByLabel('visits').fill('some')
    await page.getByText('Enter a number.').waitFor()
    await page.close()
  })
})
