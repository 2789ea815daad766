/** From an uploaded file to a prediction. */
import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import type { Job } from '../../src/contract/job.js'
import { browserSuite, hasChromium } from '../support/browser.js'

const suite = browserSuite()
afterEach(() => expect(suite.failures).toEqual([]))

describe.skipIf(!hasChromium)('the form for a new job', () => {
  it('uploads a CSV, trains on it, and predicts', { timeout: 90_000 }, async () => {
    const page = await suite.open('#/new')
    await page.getByLabel('Upload a dataset').setInputFiles({
      name: 'my-irises.csv',
      mimeType: 'text/csv',
      buffer: readFileSync('examples/iris.csv'),
    })
    await page.getByRole('button', { name: 'Upload', exact: true }).click()
    // The built-in iris dataset has the same columns, so check the id.
    const chosen = () => page.getByLabel('Dataset', { exact: true }).inputValue()
    await expect.poll(chosen, { timeout: 20_000 }).toMatch(/^ds_/)
    await page.getByText('150 rows, 4 features, target species').waitFor()
    await page.getByLabel('Name', { exact: true }).fill('My irises')
    await page.getByLabel('Seed').fill('1')
    await page.getByRole('button', { name: 'Start training' }).click()
    await page.getByRole('heading', { name: 'My irises' }).waitFor()
    await page.getByText('succeeded').waitFor({ timeout: 30_000 })
    await page.getByRole('link', { name: 'Open model' }).click()
    for (const [column, value] of [
      ['sepalLength', '5.1'],
      ['sepalWidth', '3.5'],
      ['petalLength', '1.4'],
      ['petalWidth', '0.2'],
    ] as const) {
      await page.getByLabel(column).fill(value)
    }
    const prediction = page.locator('.prediction')
    await prediction.getByText('setosa').first().waitFor()
    for (const [column, value] of [
      ['sepalLength', '7.7'],
      ['sepalWidth', '2.6'],
      ['petalLength', '6.9'],
      ['petalWidth', '2.3'],
    ] as const) {
      await page.getByLabel(column).fill(value)
    }
    await expect.poll(() => prediction.locator('p.large').textContent()).toBe('virginica')
    // An invalid number is reported at its field.
    await page.getByLabel('petalWidth').fill('wide')
    await page.getByText('Enter a number.').waitFor()
    await page.close()
  })

  it('accepts a dropped file with text and missing values, and predicts from them', {
    timeout: 90_000,
  }, async () => {
    const cities = ['Bern', 'Basel', 'Genf']
    const lines = Array.from({ length: 120 }, (_, row) => {
      const [index, garden] = [row % 3, row % 2]
      return [cities[index], garden === 1, row === 5 ? '' : row % 7, 100 * index + 50 * garden].join(',')
    })
    const page = await suite.open('#/new')
    await page.getByText('150 rows').waitFor()
    const text = JSON.stringify(`city,garden,age,price\n${lines.join('\n')}\n`)
    const transfer = await page.evaluateHandle(`
      const dropped = new DataTransfer()
      dropped.items.add(new File([${text}], 'houses.csv', { type: 'text/csv' }))
      dropped
    `)
    for (const event of ['dragover', 'drop']) {
      await page.locator('.drop').dispatchEvent(event, { dataTransfer: transfer })
    }
    await page.getByText('120 rows, 3 features, target price').waitFor({ timeout: 20_000 })
    await page.getByRole('row').filter({ hasText: 'age' }).getByText('1', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Upload', exact: true }).click()
    await expect
      .poll(() => page.getByLabel('Dataset', { exact: true }).inputValue(), { timeout: 20_000 })
      .toMatch(/^ds_/)
    await page.getByLabel('Seed').fill('1')
    await page.getByLabel('Name', { exact: true }).fill('Houses')
    await page.getByRole('button', { name: 'Start training' }).click()
    await page.getByText('succeeded').waitFor({ timeout: 30_000 })
    await page.getByRole('link', { name: 'Open model' }).click()
    await page.getByRole('heading', { name: 'Houses' }).waitFor()
    const price = async () => Number(await page.locator('.prediction p.large').textContent())
    for (const [index, city] of cities.entries()) {
      await page.getByLabel('city').selectOption(city)
      await page.getByLabel('garden').selectOption('true')
      await expect.poll(price).toBeGreaterThan(100 * index + 25)
      await expect.poll(price).toBeLessThan(100 * index + 75)
    }
    await page.close()
  })

  it('shows errors at their fields', { timeout: 60_000 }, async () => {
    const newestJob = async () => (await fetch(`${suite.service().url}/jobs?limit=1`)).json()
    const before = await newestJob()
    const page = await suite.open('#/new')
    await page.getByText('150 rows').waitFor()
    const estimate = page.getByRole('region', { name: 'Estimate' })
    await estimate.getByText(/^about /).waitFor()
    // 4 × 100 + 100 weights and biases, then 100 × 3 + 3.
    await estimate.getByText('803', { exact: true }).waitFor()
    // The form starts from the choices of the service.
    await page.getByRole('button', { name: 'me', exact: true }).click()
    expect(await page.getByLabel('Units of layer 1').inputValue()).toBe('100')
    expect(await page.getByLabel('Learning rate').inputValue()).toBe('0.002')
    await page.getByLabel('Units of layer 1').fill('101')
    await page.keyboard.press('Tab')
    // A unit adds 8 parameters: 4 weights, a bias, and 3 weights to the output.
    await estimate.getByText('811', { exact: true }).waitFor()
    // The error appears before the job is started.
    await page.getByLabel('Epochs', { exact: true }).fill('0')
    const field = page.locator('.field.wrong')
    await field.waitFor()
    expect(await field.locator('label').textContent()).toBe('Epochs')
    expect(await page.getByLabel('Epochs', { exact: true }).getAttribute('aria-invalid')).toBe('true')
    expect(await estimate.getByText(/^about /).count()).toBe(0)
    await page.getByLabel('Epochs', { exact: true }).fill('5')
    await estimate.getByText(/^about /).waitFor()
    expect(await field.count()).toBe(0)
    expect(await newestJob()).toEqual(before)
    // The browser logs failed requests, which are expected here.
    suite.failures.splice(0)
    await page.close()
  })

  it('takes derived features, a weight decay and an L1 regularization', { timeout: 60_000 }, async () => {
    const page = await suite.open('#/new')
    const estimate = page.getByRole('region', { name: 'Estimate' })
    await estimate.getByText('803', { exact: true }).waitFor()
    await page.getByLabel('Computed').selectOption('product')
    await page.getByLabel('With column').selectOption('petalWidth')
    await page.getByRole('button', { name: 'Add sepalLength × petalWidth' }).click()
    await page.getByLabel('Computed').selectOption('square')
    await page.getByRole('button', { name: 'Add sepalLength²' }).click()
    // 100 weights more for each input.
    await estimate.getByText('1,003', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Remove sepalLength²' }).click()
    await estimate.getByText('903', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'me', exact: true }).click()
    await page.getByLabel('L2 regularization').fill('0.25')
    await page.getByLabel('L1 regularization').fill('0.01')
    await page.getByLabel('Epochs', { exact: true }).fill('5')
    await estimate.getByText(/^about /).waitFor()
    await page.getByRole('button', { name: 'Start training' }).click()
    await page.getByText('succeeded').waitFor()
    const id = page.url().split('/').at(-1)
    const answer = await fetch(`${suite.service().url}/jobs/${id}`)
    const { spec } = (await answer.json()) as Job
    expect(spec.derivedFeatures).toEqual([{ type: 'product', of: ['sepalLength', 'petalWidth'] }])
    expect(spec.optimizer).toMatchObject({ type: 'adam', weightDecay: 0.25 })
    expect(spec.l1).toBe(0.01)
    await page.close()
  })
})
