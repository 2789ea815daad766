/** The slider of a run shows the model of any epoch, and the comparison names the first epoch that differs. */
import { afterEach, describe, expect, it } from 'vitest'
import { browserSuite, hasChromium } from '../support/browser.js'
import { watchJob } from '../support/watching.js'

const suite = browserSuite()
afterEach(() => expect(suite.failures).toEqual([]))

async function post(path: string, body: object) {
  const answer = await fetch(`${suite.service().url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const { id } = (await answer.json()) as { id: string }
  await watchJob(suite.service().url, id).ended
  return id
}

const moons = {
  name: 'moons of any epoch',
  dataset: { name: 'moons', rows: 200, noise: 0.15, seed: 1 },
  network: {
    layers: [
      { type: 'dense', units: 8, activation: 'tanh' },
      { type: 'dense', units: 1, activation: 'sigmoid' },
    ],
  },
  loss: 'binaryCrossentropy',
  optimizer: { type: 'adam', learningRate: 0.05 },
  epochs: 80,
  validationSplit: 0.25,
  seed: 3,
}

describe.skipIf(!hasChromium)('the epoch of a run', () => {
  it('is chosen by a slider, which moves boundary, evaluation and worst rows', {
    timeout: 120_000,
  }, async () => {
    const id = await post('/jobs', moons)
    const page = await suite.open(`#/runs/${id}`)
    const slider = page.getByRole('slider', { name: 'Epoch of the model' })
    await slider.waitFor()
    const accuracy = page.locator('.card', { hasText: 'Confusion' }).first()
    await accuracy.waitFor()
    const before = await accuracy.innerText()
    await slider.fill('3')
    await slider.dispatchEvent('change')
    await page.getByText('Its losses equal the stored ones.').waitFor()
    await page.locator('canvas[data-epoch="3"]').waitFor()
    expect(await accuracy.innerText()).not.toBe(before)
    await page.getByRole('button', { name: 'Find the worst rows' }).click()
    await page.getByRole('link', { name: 'moons of any epoch at epoch 3' }).waitFor()
    if (process.env.SHOTS) {
      await page.screenshot({ path: `${process.env.SHOTS}/epoch.png`, fullPage: true })
      await page.setViewportSize({ width: 360, height: 740 })
      await page.emulateMedia({ colorScheme: 'dark' })
      await page.locator('.epoch-slider').scrollIntoViewIfNeeded()
      await page.screenshot({ path: `${process.env.SHOTS}/epoch-phone.png` })
    }
    await page.getByRole('button', { name: 'Final model' }).click()
    await page.getByText('Move the slider').waitFor()
    expect(await accuracy.innerText()).toBe(before)
  })

  it('that differs first is named by the comparison', { timeout: 120_000 }, async () => {
    const id = await post('/jobs', moons)
    const fork = await post(`/jobs/${id}/fork`, { epoch: 30, changes: { learningRate: 0.5 } })
    const page = await suite.open(`#/runs/${fork}`)
    await page.getByText('Equal up to epoch 30 to').waitFor()
    await page.getByRole('link', { name: 'Compare both' }).click()
    await page.getByText('The first epoch that differs is epoch 31.').waitFor()
    const same = await post(`/jobs/${id}/fork`, { epoch: 30 })
    const other = await suite.open(`#/compare/${id},${same}`)
    await other.getByText('All 80 epochs are equal, bit by bit. Their models have the same bytes.').waitFor()
  })
})
