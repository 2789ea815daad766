/** The worst rows of a run, and the importance of its columns. */
import { afterEach, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { request, submit } from '../../examples/client.js'
import { datasetSchema } from '../../src/contract/dataset.js'
import { dependenceSchema, importanceSchema } from '../../src/contract/importance.js'
import { jobSchema } from '../../src/contract/job.js'
import type { jobRequestSchema } from '../../src/contract/job-request.js'
import { evaluatedModelSchema } from '../../src/contract/model.js'
import { repeatsSchema } from '../../src/contract/repeats.js'
import { worstRowsSchema } from '../../src/contract/worst-rows.js'
import { browserSuite, hasChromium } from '../support/browser.js'
import { eventually } from '../support/service.js'
import { watchJob } from '../support/watching.js'

const suite = browserSuite()
afterEach(() => expect(suite.failures).toEqual([]))

async function train(job: z.input<typeof jobRequestSchema>): Promise<string> {
  const { url } = suite.service()
  const { id } = await submit(url, job)
  await watchJob(url, id).ended
  return id
}

const iris = {
  dataset: 'iris',
  network: { layers: [{ type: 'dense' as const, units: 3, activation: 'softmax' as const }] },
  loss: 'categoricalCrossentropy' as const,
  validationSplit: 0.4,
  epochs: 15,
  seed: 4,
}

const worst = (id: string, query = '') =>
  request(`${suite.service().url}/jobs/${id}/rows/worst${query}`, worstRowsSchema)

describe.skipIf(!hasChromium)('the worst rows', () => {
  it('are listed, and filtered by a cell of the matrix', { timeout: 60_000 }, async () => {
    const id = await train(iris)
    const { modelId, rows } = await worst(id)
    const { evaluation } = await request(`${suite.service().url}/models/${modelId}`, evaluatedModelSchema)
    if (evaluation?.type !== 'classification') throw new Error('not a classification')
    const page = await suite.open(`#/runs/${id}`)
    await page.getByRole('button', { name: 'Find the worst rows' }).click()
    const table = page.getByRole('table', { name: 'Rows with the largest loss' })
    const listed = table.locator('tbody tr')
    await page.getByText('20 of 60 rows, out of 60 validation rows.').waitFor()
    expect(await table.getByRole('rowheader').allTextContents()).toEqual(rows.map(({ row }) => String(row)))
    const [first] = rows
    const cells = await listed.first().locator('td').allTextContents()
    expect(cells[1]).toBe(first.truth.label)
    expect(cells[2]).toContain(first.prediction.label)
    expect(cells.slice(3)).toEqual(first.values.slice(0, 4).map(String))
    await page.getByRole('button', { name: 'Show more' }).click()
    await page.getByText('60 of 60 rows').waitFor()

    // By keyboard: the cell with the most errors.
    const errors = (evaluation.confusion ?? []).flatMap((counts, actual) =>
      counts.map((count, predicted) => ({ actual, predicted, count: actual === predicted ? 0 : count })),
    )
    const { actual, predicted, count } = errors.sort((a, b) => b.count - a.count)[0]
    expect(count).toBeGreaterThan(0)
    const [truth, guess] = [evaluation.classes[actual], evaluation.classes[predicted]]
    const cell = page.getByRole('button', {
      name: `Show the ${count} rows of ${truth} predicted as ${guess}`,
    })
    await cell.focus()
    await page.keyboard.press('Enter')
    await page.getByText(`${count} of ${count} rows, out of 60 validation rows.`).waitFor()
    expect(await cell.getAttribute('aria-pressed')).toBe('true')
    const inCell = await worst(id, `?cell=${encodeURIComponent(JSON.stringify([truth, guess]))}`)
    const shown = await table.getByRole('rowheader').allTextContents()
    expect(shown).toEqual(inCell.rows.map(({ row }) => String(row)))
    await page.getByRole('button', { name: 'Show all rows' }).click()
    await page.getByText('60 of 60 rows').waitFor()
    await page.close()
  })

  it('of numbers show targets and dates', { timeout: 60_000 }, async () => {
    const lines = Array.from({ length: 40 }, (_, row) => {
      const date = new Date(Date.UTC(2021, 0, 1 + 11 * row)).toISOString().slice(0, 10)
      return `${date},${row % 2 === 0 ? 'Ulm' : 'Bonn'},${row === 7 ? 900 : 100 + row}`
    })
    const csv = Buffer.from(['date,town,price', ...lines].join('\n'))
    const { url } = suite.service()
    const { id: dataset } = await request(`${url}/datasets?target=price`, datasetSchema, csv)
    const id = await train({
      dataset,
      network: { layers: [{ type: 'dense', units: 1 }] },
      loss: 'meanSquaredError',
      epochs: 50,
      validationSplit: 0,
      seed: 1,
    })
    const page = await suite.open(`#/runs/${id}`)
    await page.getByRole('button', { name: 'Find the worst rows' }).click()
    await page.getByText('The network was trained on them').waitFor()
    const first = page.getByRole('table', { name: 'Rows with the largest loss' }).locator('tbody tr').first()
    const cells = await first.locator('td').allTextContents()
    // After the box to mark the row.
    expect([await first.getByRole('rowheader').textContent(), cells[2], cells[4], cells[5]]).toEqual([
      '7',
      '900',
      '2021-03-19',
      'Bonn',
    ])
    await page.close()
  })

  it('of the training are marked, and a run without them is compared', { timeout: 60_000 }, async () => {
    const id = await train(iris)
    const page = await suite.open(`#/runs/${id}`)
    await page.getByRole('button', { name: 'Find the worst rows' }).click()
    await page.getByRole('group', { name: 'Rows' }).getByRole('button', { name: 'training' }).click()
    const { rows } = await worst(id, '?split=training')
    const [first, second] = rows.map(({ row }) => row)
    const start = page.getByRole('button', { name: 'Train without the marked rows' })
    expect(await start.isDisabled()).toBe(true)
    await page.getByRole('checkbox', { name: `Exclude row ${second}` }).check()
    await page.getByRole('checkbox', { name: `Exclude row ${first}` }).check()
    await start.click()
    await page.waitForURL(/#\/compare\//)
    const [before, after] = decodeURIComponent(page.url()).split('#/compare/')[1].split(',')
    expect(before).toBe(id)
    const job = await request(`${suite.service().url}/jobs/${after}`, jobSchema)
    expect(job.spec.excludedRows).toEqual([first, second].sort((a, b) => a - b))
    expect(job.spec.seed).toBe(iris.seed)
    await page.close()
  })

  it('of pictures are drawn', { timeout: 60_000 }, async () => {
    // Pictures of 2 × 2 pixels, in which pixel n is white in picture n, n + 4, …
    const idx = (header: number[], bytes: number[]) => {
      const words = Buffer.alloc(4 * header.length)
      for (const [index, word] of header.entries()) words.writeUInt32BE(word, 4 * index)
      return new Blob([Buffer.concat([words, Buffer.from(bytes)])])
    }
    const count = 40
    const pixels = Array.from({ length: count }, (_, row) =>
      [0, 1, 2, 3].map((n) => (row % 4 === n ? 255 : 0)),
    )
    const form = new FormData()
    form.append('file', idx([0x0803, count, 2, 2], pixels.flat()), 'train-images-idx3-ubyte')
    form.append(
      'file',
      idx(
        [0x0801, count],
        pixels.map((_, row) => row % 2),
      ),
      'train-labels-idx1-ubyte',
    )
    const { url } = suite.service()
    const answer = await fetch(`${url}/datasets`, { method: 'POST', body: form })
    const { id: dataset } = datasetSchema.parse(await answer.json())
    const id = await train({
      dataset,
      network: {
        layers: [{ type: 'flatten' }, { type: 'dense', units: 2, activation: 'softmax' }],
      },
      loss: 'categoricalCrossentropy',
      epochs: 1,
      validationSplit: 0,
      seed: 1,
    })
    const page = await suite.open(`#/runs/${id}`)
    await page.getByRole('button', { name: 'Find the worst rows' }).click()
    const [{ row }] = (await worst(id)).rows
    const picture = page.getByRole('img', { name: `Picture of row ${row}`, exact: true })
    await picture.waitFor()
    const script = "(canvas) => [...canvas.getContext('2d').getImageData(0, 0, 2, 2).data]"
    const shades = await page.evaluate(`(${script})(document.querySelector('.thumbnail'))`)
    const expected = [0, 1, 2, 3].flatMap((n) => [...Array(3).fill(row % 4 === n ? 255 : 0), 255])
    expect(shades).toEqual(expected)
    await page.close()
  })
})

describe.skipIf(!hasChromium)('what matters', () => {
  it('is measured on request, with the dependence on a column', { timeout: 60_000 }, async () => {
    const id = await train(iris)
    const { url } = suite.service()
    const { columns, baseline } = await request(`${url}/jobs/${id}/importance`, importanceSchema)
    const page = await suite.open(`#/runs/${id}`)
    await page.getByRole('button', { name: 'Measure the importance' }).click()
    const table = page.getByRole('table', { name: 'Importance of the columns' })
    await table.waitFor()
    await page
      .getByText(`The accuracy without shuffling is ${(100 * baseline).toFixed(1)} %, on 60 validation rows`)
      .waitFor()
    expect(await table.getByRole('rowheader').allTextContents()).toEqual(columns.map(({ name }) => name))
    const [{ name, mean, deviation }] = columns
    const percent = (share: number) => `${(100 * share).toFixed(1)} %`
    const text = await table.locator('tbody tr').first().locator('td').first().textContent()
    expect(text).toBe(`${percent(mean)} ± ${percent(deviation)}`)

    await table.getByRole('button', { name, exact: true }).focus()
    await page.keyboard.press('Enter')
    const figure = page.getByRole('region', { name: `Dependence on ${name}` })
    await figure.getByRole('img', { name: /^mean probability of setosa: / }).waitFor()
    const { points } = await request(`${url}/jobs/${id}/dependence?column=${name}`, dependenceSchema)
    expect(await figure.locator('circle').count()).toBe(points.length)
    await figure.getByRole('combobox', { name: 'Class' }).selectOption('virginica')
    await figure.getByRole('img', { name: /^mean probability of virginica: / }).waitFor()
    await page.close()
  })

  it('shows the mean prediction of each category', { timeout: 60_000 }, async () => {
    const lines = Array.from(
      { length: 60 },
      (_, row) => `${['a', 'b', 'c'][row % 3]},${row % 7},${10 * (row % 3)}`,
    )
    const csv = Buffer.from(['kind,other,price', ...lines].join('\n'))
    const { url } = suite.service()
    const { id: dataset } = await request(
      `${url}/datasets?target=price&types=price:number`,
      datasetSchema,
      csv,
    )
    const id = await train({
      dataset,
      network: { layers: [{ type: 'dense', units: 1 }] },
      loss: 'meanSquaredError',
      optimizer: { type: 'adam', learningRate: 0.1 },
      epochs: 100,
      validationSplit: 0,
      seed: 1,
    })
    const page = await suite.open(`#/runs/${id}`)
    await page.getByRole('button', { name: 'Measure the importance' }).click()
    await page.getByText('because this run has no validation rows').waitFor()
    await page.getByRole('button', { name: 'kind', exact: true }).click()
    const table = page.getByRole('table', { name: 'mean prediction of price by kind' })
    const means = new Map<string | null, number>()
    await table.waitFor()
    for (const row of await table.locator('tbody tr').all()) {
      means.set(
        await row.getByRole('rowheader').textContent(),
        Number(await row.locator('td').first().textContent()),
      )
    }
    expect([...means.keys()].sort()).toEqual(['a', 'b', 'c'])
    for (const [index, kind] of ['a', 'b', 'c'].entries()) expect(means.get(kind)).toBeCloseTo(10 * index, 0)
    await page.close()
  })
})

describe.skipIf(!hasChromium)('a run with folds', () => {
  it('shows the mean and deviation of its trainings, and their band', { timeout: 60_000 }, async () => {
    const { validationSplit: _, ...job } = iris
    const id = await train({ ...job, folds: 3 })
    const { url } = suite.service()
    const repeats = await eventually(async () => {
      const found = await request(`${url}/jobs/${id}/repeats`, repeatsSchema)
      return found.done === 3 ? found : undefined
    })
    const page = await suite.open(`#/runs/${id}`)
    const card = page.getByRole('region', { name: 'Repeats' })
    await card.getByText('3 of 3 trainings have succeeded.').waitFor()
    expect(await card.getByRole('heading').textContent()).toBe('3 folds')
    const { mean = 0 } = repeats.metrics.valAccuracy ?? {}
    expect(await card.textContent()).toContain(`${(100 * mean).toFixed(1)} % ± `)
    await card.getByRole('img', { name: /loss.*: mean/i }).waitFor()
    expect(await card.getByRole('link').allTextContents()).toEqual(['fold 1', 'fold 2', 'fold 3'])
    await page.close()
  })
})
