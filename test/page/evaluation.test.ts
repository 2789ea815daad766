/** The evaluation of a run and the download of its weights. */
import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { request, submit } from '../../examples/client.js'
import type { jobRequestSchema } from '../../src/contract/job-request.js'
import { type EvaluatedModel, evaluatedModelSchema } from '../../src/contract/model.js'
import { browserSuite, hasChromium } from '../support/browser.js'
import { watchJob } from '../support/watching.js'

const suite = browserSuite()
afterEach(() => expect(suite.failures).toEqual([]))

async function trained(job: z.input<typeof jobRequestSchema>) {
  const { url } = suite.service()
  const { id } = await submit(url, job)
  const { job: ended } = await watchJob(url, id).ended
  const model: EvaluatedModel = await request(`${url}/models/${ended?.modelId}`, evaluatedModelSchema)
  return { id, model }
}

const classes = (units: number) => ({
  layers: [{ type: 'dense' as const, units, activation: 'softmax' as const }],
})

describe.skipIf(!hasChromium)('the evaluation of a run', () => {
  it('shows the confusion matrix', { timeout: 60_000 }, async () => {
    const { id, model } = await trained({
      dataset: 'iris',
      network: classes(3),
      loss: 'categoricalCrossentropy',
      validationSplit: 0.4,
      epochs: 15,
      seed: 4,
    })
    const { evaluation } = model
    if (evaluation?.type !== 'classification') throw new Error('not a classification')
    const page = await suite.open(`#/runs/${id}`)
    await page.getByText('On all 60 validation rows').waitFor()
    await page.getByText(`${evaluation.right} of 60 correct`).waitFor()
    const rows = page.getByRole('table', { name: 'Confusion matrix' }).locator('tbody tr')
    for (const [actual, counts] of (evaluation.confusion ?? []).entries()) {
      const row = rows.nth(actual)
      expect(await row.getByRole('rowheader').textContent()).toBe(evaluation.classes[actual])
      expect((await row.locator('td').allTextContents()).slice(0, 3)).toEqual(counts.map(String))
    }
    await page.close()
  })

  it('lists the most frequent errors of many classes', { timeout: 60_000 }, async () => {
    const rows = Array.from({ length: 400 }, (_, row) => row)
    const { id, model } = await trained({
      dataset: { x: rows.map((row) => [row % 7, (row * 31) % 11]), y: rows.map((row) => row % 40) },
      network: classes(40),
      loss: 'categoricalCrossentropy',
      epochs: 5,
      seed: 1,
    })
    if (model.evaluation?.type !== 'classification') throw new Error('not a classification')
    const errors = (model.evaluation.confusion ?? []).map((row, actual) =>
      row.map((n, i) => (i === actual ? 0 : n)),
    )
    const page = await suite.open(`#/runs/${id}`)
    await page.getByText('On all 400 training rows: this run has no validation rows').waitFor()
    const first = page.locator('#evaluation tbody tr').first().locator('td').last()
    expect(await first.textContent()).toBe(String(Math.max(...errors.flat())))
    await page.close()
  })

  it('plots each row of a regression and shows its metrics', { timeout: 60_000 }, async () => {
    const { id, model } = await trained({
      dataset: { name: 'sine', rows: 200, noise: 0.1, seed: 1 },
      network: {
        layers: [
          { type: 'dense', units: 8, activation: 'tanh' },
          { type: 'dense', units: 1, activation: 'linear' },
        ],
      },
      loss: 'meanSquaredError',
      optimizer: { type: 'adam', learningRate: 0.02 },
      validationSplit: 0.25,
      epochs: 200,
      seed: 1,
    })
    if (model.evaluation?.type !== 'regression') throw new Error('not a regression')
    const [{ name, rmse, r2 }] = model.evaluation.targets
    const page = await suite.open(`#/runs/${id}`)
    const plot = page.getByRole('img', { name: `${name}: predicted against true values of 50 rows` })
    await plot.waitFor()
    expect(await plot.locator('circle').count()).toBe(50)
    const figures = await page.locator('#evaluation dd').allTextContents()
    expect(Number(figures[0])).toBeCloseTo(rmse ?? Number.NaN, 3)
    expect(Number(figures[2])).toBeCloseTo(r2 ?? Number.NaN, 3)
    await page.close()
  })

  it('fits a phone with twenty classes', {
    timeout: 60_000,
  }, async () => {
    const { id } = await trained({
      dataset: {
        x: Array.from({ length: 60 }, (_, row) => [row]),
        y: Array.from({ length: 60 }, (_, row) => row % 20),
      },
      network: classes(20),
      loss: 'categoricalCrossentropy',
      epochs: 2,
      seed: 1,
    })
    const page = await suite.open(`#/runs/${id}`)
    await page.setViewportSize({ width: 360, height: 780 })
    await page.getByRole('table', { name: 'Confusion matrix' }).waitFor()
    const beyond = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')
    expect(beyond).toBeLessThanOrEqual(0)
    await page.close()
  })
})

describe.skipIf(!hasChromium)('a model', () => {
  it('offers its weights as a download', { timeout: 60_000 }, async () => {
    const { model } = await trained({
      dataset: 'iris',
      network: classes(3),
      loss: 'categoricalCrossentropy',
      epochs: 2,
      seed: 1,
    })
    const page = await suite.open(`#/models/${model.id}`)
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Weights' }).click(),
    ])
    expect(download.suggestedFilename()).toBe(`${model.id}.safetensors`)
    const file = await buffer(await download.createReadStream())
    const weights = file.subarray(8 + Number(file.readBigUInt64LE(0)))
    expect(createHash('sha256').update(weights).digest('hex')).toBe(model.weightSha256)
    await page.close()
  })
})
