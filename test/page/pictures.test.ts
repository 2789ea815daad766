/** A new job on pictures: what the service proposes, and the layers that a reader adds, moves and removes. */
import type { Page } from 'playwright-core'
import { afterEach, describe, expect, it } from 'vitest'
import { datasetSchema } from '../../src/contract/dataset.js'
import { findingsOf } from '../support/axe.js'
import { browserSuite, hasChromium } from '../support/browser.js'
import { enlargedDigits } from '../support/digits.js'

const suite = browserSuite()
afterEach(() => expect(suite.failures).toEqual([]))

async function uploadDigits(): Promise<string> {
  const form = new FormData()
  const { images, labels } = enlargedDigits()
  form.append('images', images, 'images-idx3-ubyte.gz')
  form.append('labels', labels, 'labels-idx1-ubyte.gz')
  const answer = await fetch(`${suite.service().url}/datasets?name=digits`, { method: 'POST', body: form })
  return datasetSchema.parse(await answer.json()).id
}

/** The names of the layers between input and output. */
const layersOf = (page: Page) =>
  page
    .getByRole('list', { name: 'Layers of the network' })
    .locator('.layer:not(.end) .kind')
    .allTextContents()

const focused = (page: Page) => page.evaluate("document.activeElement.getAttribute('aria-label')")

describe.skipIf(!hasChromium)('a new job on pictures', () => {
  it('has a network that can be changed by click and by keyboard', { timeout: 90_000 }, async () => {
    const page = await suite.open(`#/new/${await uploadDigits()}`)
    await page.getByText('1,797 rows, grey pictures of 28 × 28, target label').waitFor()
    const pictures = page.getByRole('list', { name: 'Some pictures of the dataset' })
    await pictures.getByRole('img').nth(17).waitFor()
    expect(await pictures.getByRole('img', { name: /^Picture of \d$/ }).count()).toBe(18)

    const chosen = page.getByRole('region', { name: 'Chosen by the service' })
    await chosen.getByText('Convolutions find edges and shapes').waitFor()
    await chosen.getByText('accuracy, recall, precision').waitFor()

    const estimate = page.getByRole('region', { name: 'Estimate' })
    // 8 · 9 + 8, 16 · 72 + 16, 64 · 400 + 64, and 10 · 64 + 10 weights and biases.
    await estimate.getByText('27,562', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'me', exact: true }).click()
    const proposed = [
      'Convolution',
      'Max pooling',
      'Convolution',
      'Max pooling',
      'Flatten',
      'Dropout',
      'Dense',
    ]
    await expect.poll(() => layersOf(page)).toEqual(proposed)

    await page.getByRole('button', { name: 'Add layer: Batch normalization' }).click()
    await page.getByRole('button', { name: 'Add layer: Convolution' }).click()
    const extended = [...proposed.slice(0, 4), 'Convolution', ...proposed.slice(4), 'Batch normalization']
    await expect.poll(() => layersOf(page)).toEqual(extended)
    // 16 · 144 + 16 more, 64 · (400 − 144) fewer, and two numbers for each of 64 values.
    await estimate.getByText('13,626', { exact: true }).waitFor()

    // The focus follows a layer that is moved.
    await page.getByRole('button', { name: 'Move layer 9 up' }).focus()
    await page.keyboard.press('Enter')
    await expect.poll(() => layersOf(page)).toEqual([...extended.slice(0, 7), 'Batch normalization', 'Dense'])
    await expect.poll(() => focused(page)).toBe('Move layer 8 up')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    expect(await focused(page)).toBe('Remove layer 8')
    await page.keyboard.press('Enter')
    await expect.poll(() => layersOf(page)).toEqual(extended.slice(0, 8))
    await expect.poll(() => focused(page)).toBe('Remove layer 8')

    // A dense layer needs one row of values.
    await page.getByRole('button', { name: 'Remove layer 6' }).click()
    await page.locator('.layer small.wrong').waitFor()
    await page.getByRole('button', { name: 'Add layer: Global pooling' }).click()
    await estimate.getByText(/^about /).waitFor()
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      expect.soft(await findingsOf(page), colorScheme).toEqual([])
    }
    await page.setViewportSize({ width: 360, height: 780 })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)
    // The browser logs failed requests, which are expected here.
    suite.failures.splice(0)
    await page.close()
  })
})
