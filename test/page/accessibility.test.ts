/** Each view, in light and dark theme, on desktop and phone, has no serious axe finding and fits the screen. */
import type { Page } from 'playwright-core'
import { afterEach, describe, expect, it } from 'vitest'
import { findingsOfThemes } from '../support/axe.js'
import { browserSuite, hasChromium } from '../support/browser.js'
import { watchJob } from '../support/watching.js'

const suite = browserSuite()
afterEach(() => expect(suite.failures).toEqual([]))

async function trainedIris(name: string) {
  return trained({
    name,
    dataset: 'iris',
    network: { layers: [{ type: 'dense', units: 3, activation: 'softmax' }] },
    loss: 'categoricalCrossentropy',
    epochs: 20,
    validationSplit: 0.2,
  })
}

/** A network without a hidden layer underfits circles. */
const straightLine = {
  dataset: { name: 'circles', rows: 200, noise: 0.05 },
  network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
  loss: 'binaryCrossentropy',
  optimizer: { type: 'adam', learningRate: 0.02 },
  epochs: 100,
  validationSplit: 0.25,
  seed: 1,
}

async function trained(request: object) {
  const answer = await fetch(`${suite.service().url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  })
  const { id } = (await answer.json()) as { id: string }
  const { job } = await watchJob(suite.service().url, id).ended
  return { id, modelId: job?.modelId ?? '' }
}

describe.skipIf(!hasChromium)('every view', () => {
  it('has no serious finding in either theme, and fits a phone', { timeout: 180_000 }, async () => {
    const { id, modelId } = await trainedIris('A run whose name is too long for one line on a small screen')
    const other = await trainedIris('another')
    const csv = Array.from({ length: 120 }, (_, row) => `${(row * 7) % 20},${row % 4 === 0 ? 'yes' : 'no'}`)
    const upload = await fetch(`${suite.service().url}/datasets`, {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: `size,answer\n${csv.join('\n')}\n`,
    })
    const { id: dataset } = (await upload.json()) as { id: string }
    const twoClasses = await trained({ name: 'two classes', dataset, epochs: 30 })
    const diagnosed = await trained(straightLine)
    const shared = await fetch(`${suite.service().url}/jobs/${diagnosed.id}/share-links`, { method: 'POST' })
    const { page: sharedPage } = (await shared.json()) as { page: string }
    const page = await suite.open('')
    const views: [string, (page: Page) => Promise<unknown>][] = [
      [`#/runs/${diagnosed.id}`, (page) => page.getByRole('heading', { name: 'Underfitting' }).waitFor()],
      [sharedPage.slice(1), (page) => page.getByText('complete', { exact: true }).waitFor()],
      ['#/runs', (page) => page.getByRole('row').nth(2).waitFor()],
      [
        `#/runs/${id}`,
        async (page) => {
          await page.getByText('complete').waitFor()
          await page.getByRole('button', { name: 'Find the worst rows' }).click()
          await page.getByRole('table', { name: 'Rows with the largest loss' }).waitFor()
          await page.getByRole('button', { name: 'Measure the importance' }).click()
          await page.getByRole('button', { name: 'petalLength' }).click()
          await page.getByRole('img', { name: /^mean probability/ }).waitFor()
        },
      ],
      [`#/runs/${twoClasses.id}`, (page) => page.getByRole('img', { name: /^ROC curve/ }).waitFor()],
      [`#/compare/${id},${other.id}`, (page) => page.locator('.u-over').waitFor()],
      [
        '#/playground',
        async (page) => {
          await page.getByRole('button', { name: 'Train', exact: true }).click()
          await page.locator('canvas[data-epoch="500"]').waitFor()
        },
      ],
      ['#/lecture', (page) => page.getByRole('article').nth(14).waitFor()],
      ...(
        [
          ['perceptron', 'The perceptron'],
          ['back-propagation', 'Back-propagation'],
          ['momentum', 'Momentum and Adam'],
        ] as const
      ).map(([id, title]): [string, (page: Page) => Promise<unknown>] => [
        `#/lecture/${id}`,
        async (page) => {
          await page.getByRole('button', { name: `Run: ${title}` }).click()
          await page.getByText(/^Confirmed: /).waitFor()
        },
      ]),
      ['#/new', (page) => page.getByText('150 rows').waitFor()],
      ['#/camera', (page) => page.getByText('Record at least 5 pictures').waitFor()],
      ['#/models', (page) => page.getByRole('row').nth(1).waitFor()],
      [`#/models/${modelId}`, (page) => page.locator('.meter').first().waitFor()],
      ['#/join/KQRMTZ', (page) => page.getByLabel('Nickname').waitFor()],
      [
        '#/workshops',
        async (page) => {
          await page.getByText('No workshops yet').waitFor()
          await page.getByRole('link', { name: 'Workshops', exact: true }).waitFor()
        },
      ],
      ['#/elsewhere', (page) => page.getByText('Page not found').waitFor()],
    ]
    for (const [address, isLoaded] of views) {
      await page.setViewportSize({ width: 1600, height: 1000 })
      await page.goto(`${suite.service().url}/${address}`)
      await page.reload()
      await isLoaded(page)
      expect.soft(await findingsOfThemes(page), address).toEqual([])
      await page.setViewportSize({ width: 360, height: 780 })
      const width = await page.evaluate('document.documentElement.scrollWidth')
      expect.soft(width, `${address} at 360 pixels`).toBeLessThanOrEqual(360)
    }
    await page.close()
  })

  it('works by keyboard alone', { timeout: 60_000 }, async () => {
    const page = await suite.open('#/playground')
    const reach = async (name: RegExp) => {
      for (let presses = 0; presses < 60; presses++) {
        await page.keyboard.press('Tab')
        const text = await page.evaluate(
          "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent",
        )
        if (name.test(String(text))) return
      }
      throw new Error(`${name} cannot be reached by keyboard`)
    }
    await reach(/^Skip to content$/)
    await page.keyboard.press('Enter')
    await reach(/^\s*Train$/)
    await page.keyboard.press('Enter')
    await page.locator('canvas[data-epoch="500"]').waitFor({ timeout: 30_000 })
    await page.close()
  })
})
