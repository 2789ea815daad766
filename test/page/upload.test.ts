/** The preview of an upload, and the dataset that is stored. */
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { afterEach, describe, expect, it } from 'vitest'
import { request } from '../../examples/client.js'
import { type Dataset, datasetSchema } from '../../src/contract/dataset.js'
import { findingsOfThemes } from '../support/axe.js'
import { browserSuite, hasChromium } from '../support/browser.js'

const suite = browserSuite()
afterEach(() => expect(suite.failures).toEqual([]))

async function choose(page: Page, name: string, text: string): Promise<void> {
  await page
    .getByLabel('Upload a dataset')
    .setInputFiles({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(text) })
}

const chosenId = (page: Page) => page.getByLabel('Dataset', { exact: true }).inputValue()

/** Presses Upload and reads the stored dataset. */
async function stored(page: Page): Promise<Dataset> {
  await page.getByRole('button', { name: 'Upload', exact: true }).click()
  await expect.poll(() => chosenId(page), { timeout: 20_000 }).toMatch(/^ds_/)
  return request(`${suite.service().url}/datasets/${await chosenId(page)}`, datasetSchema)
}

async function uploads(): Promise<number> {
  const answer = await fetch(`${suite.service().url}/datasets?limit=100`)
  const { data } = (await answer.json()) as { data: Dataset[] }
  return data.filter(({ origin }) => origin === 'uploaded').length
}

/** Polls the type of a column, since each choice updates the preview. */
const expectType = (page: Page, name: string) =>
  expect.poll(() => page.getByLabel(`Type of ${name}`).inputValue(), { timeout: 20_000 })

const column = ({ columns }: Dataset, name: string) => columns.find((each) => each.name === name)

describe.skipIf(!hasChromium)('an upload preview', () => {
  it('shows columns, and stores them with the chosen options', {
    timeout: 60_000,
  }, async () => {
    const lines = Array.from({ length: 60 }, (_, row) =>
      [`c${row}`, row % 7 === 0 ? '' : row % 9, ['red', 'green'][row % 2], 100 + row, row % 3].join(','),
    )
    const before = await uploads()
    const page = await suite.open('#/new')
    await page.getByText('150 rows').waitFor()
    await choose(page, 'parts.csv', `code,age,colour,weight,grade\n${lines.join('\n')}\n`)
    const table = page.getByRole('region', { name: 'Columns of the file' })
    await table.waitFor()
    expect(await table.getByRole('rowheader').count()).toBe(5)
    await table.getByText('red, green').waitFor()
    // Of 60 rows, 0, 7, …, 56 have no age.
    await table.getByRole('row').filter({ hasText: 'age' }).getByText('9', { exact: true }).waitFor()
    expect(await uploads()).toBe(before)

    await page.getByLabel('Target', { exact: true }).selectOption('weight')
    await page.getByText('target weight.').waitFor()
    await page.getByLabel('Type of grade').selectOption('category')
    await page.getByLabel('Type of code').selectOption('ignored')
    await page.getByLabel('Missing values of age').selectOption('constant')
    await page.getByLabel('Constant for missing values of age').fill('4')
    const dataset = await stored(page)
    expect(dataset).toMatchObject({ name: 'parts', rows: 60, target: 'weight' })
    expect(column(dataset, 'grade')).toMatchObject({ type: 'category', role: 'feature' })
    expect(column(dataset, 'code')).toMatchObject({ type: 'ignored', role: 'none' })
    expect(column(dataset, 'age')).toMatchObject({ missing: 9, imputation: { constant: 4 } })
    await page.close()
  })

  it('drops rows with missing values on request', { timeout: 60_000 }, async () => {
    const lines = Array.from({ length: 100 }, (_, row) => `${row === 5 ? '' : row % 7},${(row % 7) * 1.5}`)
    const page = await suite.open('#/new')
    await choose(page, 'gaps.csv', `age,price\n${lines.join('\n')}\n`)
    await page.getByText('100 rows, 1 feature, target price').waitFor()
    await page.getByLabel('Missing values', { exact: true }).selectOption('drop')
    await page.getByText('99 rows, 1 feature, target price').waitFor()
    expect(await stored(page)).toMatchObject({ rows: 99, droppedRows: 1 })
    await page.close()
  })

  it('detects decimal commas, and reads points on request', {
    timeout: 60_000,
  }, async () => {
    const lines = Array.from({ length: 40 }, (_, row) => `${row % 8},5;${row % 2 === 0 ? 'a' : 'b'}`)
    const page = await suite.open('#/new')
    await choose(page, 'commas.csv', `length;kind\n${lines.join('\n')}\n`)
    const type = page.getByLabel('Type of length')
    await type.waitFor()
    expect(await type.inputValue()).toBe('number')
    await page.getByLabel('Decimal separator').selectOption('point')
    await expectType(page, 'length').not.toBe('number')
    await page.getByLabel('Decimal separator').selectOption('comma')
    await expectType(page, 'length').toBe('number')
    const dataset = await stored(page)
    // 0.5, 1.5, …, 7.5, each five times.
    expect(column(dataset, 'length')).toMatchObject({ decimal: 'comma', min: 0.5, max: 7.5, mean: 4 })
    await page.close()
  })

  it('offers an integer target as classes or numbers', { timeout: 60_000 }, async () => {
    const lines = Array.from({ length: 120 }, (_, row) => `${row * 0.37},${row % 6}`)
    const page = await suite.open('#/new')
    await choose(page, 'glass.csv', `index,type\n${lines.join('\n')}\n`)
    await page.getByText('type contains 6 distinct integers').waitFor()
    const classes = page.getByRole('button', { name: 'classes', exact: true })
    expect(await classes.getAttribute('aria-pressed')).toBe('true')
    await page.getByRole('button', { name: 'numbers', exact: true }).click()
    await expectType(page, 'type').toBe('number')
    await classes.click()
    await expectType(page, 'type').toBe('category')
    await page.getByRole('button', { name: 'numbers', exact: true }).click()
    await expectType(page, 'type').toBe('number')
    expect(column(await stored(page), 'type')).toMatchObject({ type: 'number', role: 'target' })
    await page.close()
  })

  it('shows errors and can be cancelled', { timeout: 60_000 }, async () => {
    const before = await uploads()
    const page = await suite.open('#/new')
    await choose(page, 'broken.csv', 'a,b\n1,"2\n')
    await page.getByRole('alert').first().waitFor()
    expect(await page.getByRole('button', { name: 'Upload', exact: true }).isDisabled()).toBe(true)
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByText('150 rows').waitFor()
    expect(await uploads()).toBe(before)
    // The browser logs failed requests, which are expected here.
    suite.failures.splice(0)
    await page.close()
  })

  it('works by keyboard, fits a phone, and has no serious axe finding in either theme', {
    timeout: 60_000,
  }, async () => {
    const page = await suite.open('#/new')
    await choose(page, 'iris.csv', readFileSync('examples/iris.csv', 'utf8'))
    await page.getByRole('region', { name: 'Columns of the file' }).waitFor()
    expect(await findingsOfThemes(page)).toEqual([])
    await page.setViewportSize({ width: 360, height: 780 })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)
    // Focus starts at the heading of the preview and moves by Tab.
    const focused = () =>
      page.evaluate(
        "(document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent).trim()",
      )
    expect(await focused()).toBe('iris.csv')
    for (let presses = 0; presses < 40 && (await focused()) !== 'Upload'; presses++) {
      await page.keyboard.press('Tab')
    }
    await page.keyboard.press('Enter')
    await expect.poll(() => chosenId(page), { timeout: 20_000 }).toMatch(/^ds_/)
    await page.close()
  })
})
