/** From upload to prediction with the defaults of the form, and the metrics on the way. */
import type { Page } from 'playwright-core'
import { afterEach, describe, expect, it } from 'vitest'
import { request } from '../../examples/client.js'
import { jobSchema } from '../../src/contract/job.js'
import { type EvaluatedModel, evaluatedModelSchema } from '../../src/contract/model.js'
import { findingsOf } from '../support/axe.js'
import { browserSuite, hasChromium } from '../support/browser.js'
import {
  churnCsv,
  housePricesCsv,
  picture,
  pictureClasses,
  pictureZip,
  randomFrom,
} from '../support/made-files.js'

const suite = browserSuite()
afterEach(() => expect(suite.failures).toEqual([]))

/** Chooses the file, checks its summary, uploads it, and trains with the defaults and a fixed seed. */
async function trainWithDefaults(
  page: Page,
  name: string,
  content: Buffer,
  columns: string,
): Promise<EvaluatedModel> {
  await page
    .getByLabel('Upload a dataset')
    .setInputFiles({ name, mimeType: 'application/octet-stream', buffer: content })
  await page.getByText(columns).waitFor({ timeout: 20_000 })
  await page.getByRole('button', { name: 'Upload', exact: true }).click()
  await page.getByRole('region', { name: 'Chosen by the service' }).waitFor({ timeout: 20_000 })
  await page.getByLabel('Seed').fill('1')
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByRole('button', { name: 'Start training' }).click()
  await page.getByRole('heading', { name }).waitFor()
  await page.getByText('succeeded').waitFor({ timeout: 60_000 })
  await page.locator('#evaluation').waitFor()
  const { url } = suite.service()
  const { modelId } = await request(`${url}/jobs/${page.url().split('/').at(-1)}`, jobSchema)
  return request(`${url}/models/${modelId}`, evaluatedModelSchema)
}

/** Reads the metrics of the evaluation by name. */
async function readMetrics(page: Page): Promise<Map<string, string>> {
  const pairs = await page
    .locator('#evaluation .figures:not(.small) > div')
    .evaluateAll((elements) =>
      elements.map((element) => [
        element.querySelector('dt')?.textContent ?? '',
        element.querySelector('dd')?.textContent ?? '',
      ]),
    )
  return new Map(pairs as [string, string][])
}

const percent = (share: number) => `${share === 1 ? 100 : (100 * share).toFixed(1)} %`

describe.skipIf(!hasChromium)('an uploaded file', () => {
  it('trains a churn model, whose threshold can be changed', { timeout: 180_000 }, async () => {
    const page = await suite.open('#/new')
    const model = await trainWithDefaults(
      page,
      'churn.csv',
      Buffer.from(churnCsv()),
      '1,000 rows, 4 features, target churned (2 classes)',
    )
    if (model.evaluation?.type !== 'classification') throw new Error('not a classification')
    const { confusion, twoClasses, perClass } = model.evaluation
    if (confusion === null || twoClasses === null) throw new Error('not binary')
    const [[trueNegatives, falsePositives], [falseNegatives, truePositives]] = confusion as [
      [number, number],
      [number, number],
    ]
    const rows = trueNegatives + falsePositives + falseNegatives + truePositives
    // 15 % of 1,000 rows are held out, within each class: 7 or 8 of the 50 who left.
    expect(rows).toBe(150)
    expect([7, 8]).toContain(falseNegatives + truePositives)

    const figures = await readMetrics(page)
    expect(figures.get('Accuracy')).toBe(percent((trueNegatives + truePositives) / rows))
    expect(figures.get('Baseline accuracy (always “no”)')).toBe(
      percent((trueNegatives + falsePositives) / rows),
    )
    const classes = page.getByRole('table', { name: 'Precision, recall, F1 and support of each class' })
    const cells = await classes
      .getByRole('row')
      .filter({ hasText: 'yes' })
      .getByRole('cell')
      .allTextContents()
    const positives = truePositives + falsePositives
    expect(cells).toEqual([
      percent(positives === 0 ? 0 : truePositives / positives),
      percent(truePositives / (truePositives + falseNegatives)),
      percent((2 * truePositives) / (2 * truePositives + falsePositives + falseNegatives)),
      String(truePositives + falseNegatives),
    ])
    expect(perClass.length).toBe(2)
    await page.getByRole('img', { name: /^ROC curve, area 0\.\d+/ }).waitFor()
    await page.getByRole('img', { name: /^Precision–recall curve, average precision 0\.\d+/ }).waitFor()
    expect(await findingsOf(page)).toEqual([])

    // A lower threshold: the fifteenth highest score of the held-out rows.
    const chosen = twoClasses.thresholds[14]
    if (chosen === undefined) throw new Error('fewer than fifteen thresholds')
    await page.getByLabel('Threshold value').fill(String(chosen.threshold))
    const counts = page.getByLabel('Metrics at this threshold').locator('dd')
    await expect
      .poll(async () => (await counts.allTextContents()).slice(0, 4))
      .toEqual(
        [chosen.truePositives, chosen.falsePositives, chosen.trueNegatives, chosen.falseNegatives].map(
          String,
        ),
      )
    await page.getByRole('button', { name: 'Use this threshold' }).click()
    await page
      .getByText(/^The model uses threshold/)
      .first()
      .waitFor()
    await expect
      .poll(
        async () =>
          (await request(`${suite.service().url}/models/${model.id}`, evaluatedModelSchema)).threshold,
      )
      .toBeCloseTo(chosen.threshold, 6)

    // The threshold is saved: the page and the predictions use it after a reload.
    await page.reload()
    await expect
      .poll(async () => Number(await page.getByLabel('Threshold value').inputValue()), {
        timeout: 20_000,
      })
      .toBeCloseTo(chosen.threshold, 6)
    await page.getByRole('link', { name: 'Open model' }).click()
    await page.getByLabel('calls').fill('9')
    await page.getByText('The threshold for “yes” is').waitFor()
    const share = async () =>
      Number.parseFloat(
        (await page
          .locator('.prediction .bars > div')
          .filter({ hasText: 'yes' })
          .locator('.figure')
          .textContent()) ?? '',
      ) / 100
    await expect.poll(share).toBeGreaterThan(chosen.threshold)
    await expect.poll(() => page.locator('.prediction p.large').textContent()).toBe('yes')
    await page.close()
  })

  it('trains a price model, whose metrics are in euros and whose loss is standardized', {
    timeout: 180_000,
  }, async () => {
    const page = await suite.open('#/new')
    const model = await trainWithDefaults(
      page,
      'houses.csv',
      Buffer.from(housePricesCsv()),
      '400 rows, 2 features, target price',
    )
    if (model.evaluation?.type !== 'regression') throw new Error('not a regression')
    // Cross-validation chooses the number of epochs, then all 400 rows are trained on.
    await page.getByText('Loss (training, standardized target)').waitFor()
    const figures = await readMetrics(page)
    const read = (name: string) => Number(figures.get(name)?.replaceAll(',', ''))
    // The noise is even over ±15,000 euros, a deviation of 8,660; prices go from 160,000 to 1,080,000.
    expect(read('RMSE')).toBeGreaterThan(5_000)
    expect(read('RMSE')).toBeLessThan(25_000)
    expect(read('R²')).toBeGreaterThan(0.98)
    await page.getByText('RMSE and MAE are in the unit of price.').waitFor()
    await page.getByRole('link', { name: 'Open model' }).click()
    await page.getByLabel('metres').fill('100')
    await page.getByLabel('city').selectOption('Basel')
    const price = async () =>
      Number((await page.locator('.prediction p.large').textContent())?.replaceAll(',', ''))
    // 100 square metres in Basel: 4,000 × 100 × 1.5.
    await expect.poll(price, { timeout: 10_000 }).toBeGreaterThan(560_000)
    await expect.poll(price).toBeLessThan(640_000)
    await page.close()
  })

  it('trains an image classifier, which predicts new images', { timeout: 180_000 }, async () => {
    const page = await suite.open('#/new')
    const model = await trainWithDefaults(
      page,
      'shapes.zip',
      await pictureZip(),
      '240 rows, greyscale images of 12 × 12',
    )
    if (model.evaluation?.type !== 'classification') throw new Error('not a classification')
    const figures = await readMetrics(page)
    // With three classes of equal size, always predicting one of them has an accuracy of a third.
    expect(Number.parseFloat(figures.get('Accuracy') ?? '')).toBeGreaterThan(85)
    const baseline = [...figures].find(([name]) => name.startsWith('Baseline accuracy'))?.[1]
    expect(baseline).toBe('33.3 %')
    await page.getByRole('link', { name: 'Open model' }).click()
    const random = randomFrom(99)
    const read: (string | null)[] = []
    for (const kind of pictureClasses) {
      const answered = page.waitForResponse((response) => response.url().endsWith('/predict'))
      await page.getByLabel('Image for the model').setInputFiles({
        name: `${kind}.png`,
        mimeType: 'image/png',
        buffer: await picture(kind, random),
      })
      await answered
      await page.getByAltText(`Input: ${kind}.png`).waitFor()
      await expect
        .poll(() => page.locator('.prediction p.large').textContent(), { timeout: 10_000 })
        .toBe(kind)
      read.push(await page.locator('.prediction p.large').textContent())
    }
    expect(read).toEqual([...pictureClasses])
    await page.close()
  })
})
