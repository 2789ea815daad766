/** Classes recorded with the fake camera of Chromium, trained, and predicted live, from a file and from the clipboard. */
import type { Page } from 'playwright-core'
import { afterEach, describe, expect, it } from 'vitest'
import { request } from '../../examples/client.js'
import { datasetSchema } from '../../src/contract/dataset.js'
import { jobSchema } from '../../src/contract/job.js'
import { findingsOf } from '../support/axe.js'
import { browserSuite, hasChromium } from '../support/browser.js'

const suite = browserSuite()
afterEach(() => expect(suite.failures).toEqual([]))

/** A PNG of one grey pixel. */
const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAADElEQVQImWNoaGgAAAMEAYEezv+mAAAAAElFTkSu' +
  'QmCC'

const countOf = async (page: Page, number: number) =>
  Number.parseInt(
    (await page
      .getByRole('region', { name: `Class ${number}` })
      .getByRole('status')
      .textContent()) ?? '',
    10,
  )

/** Records two classes, trains, and waits for a live prediction. */
async function teach(page: Page): Promise<void> {
  const train = page.getByRole('button', { name: 'Train', exact: true })
  expect(await train.isDisabled()).toBe(true)
  await page.getByRole('button', { name: 'Use the camera' }).click()
  await page.getByLabel('Name of class 1').fill('left')
  await page.getByLabel('Name of class 2').fill('right')
  // By keyboard: a key is held, then a button pressed. A button is disabled, and takes no focus, until the camera runs.
  const hold = page.getByRole('region', { name: 'Class 1' }).getByRole('button', { name: 'Hold to record' })
  await expect.poll(() => hold.isEnabled()).toBe(true)
  await hold.focus()
  await page.keyboard.down('Space')
  await expect.poll(() => countOf(page, 1), { timeout: 20_000 }).toBeGreaterThan(10)
  await page.keyboard.up('Space')
  const recorded = await countOf(page, 1)
  await page.getByRole('region', { name: 'Class 2' }).getByRole('button', { name: 'Record 30' }).focus()
  await page.keyboard.press('Enter')
  await expect.poll(() => countOf(page, 2), { timeout: 20_000 }).toBe(30)
  // One frame may have been under way when the key was released.
  expect((await countOf(page, 1)) - recorded).toBeLessThanOrEqual(1)
  await page.getByText('Ready to train.').waitFor()
  await train.focus()
  await page.keyboard.press('Enter')
  await page.getByText(/^succeeded: epoch/).waitFor({ timeout: 60_000 })
  await page.getByRole('region', { name: 'Live prediction' }).locator('.bars').waitFor()
}

/** Pastes the picture as the clipboard would. */
const paste = (page: Page) =>
  page.evaluate(`
    const bytes = Uint8Array.from(atob('${png}'), (letter) => letter.charCodeAt(0))
    const transfer = new DataTransfer()
    transfer.items.add(new File([bytes], 'pasted.png', { type: 'image/png' }))
    dispatchEvent(new ClipboardEvent('paste', { clipboardData: transfer }))
  `)

describe.skipIf(!hasChromium)('pictures of the camera', () => {
  it('become classes, a model, and live predictions', { timeout: 120_000 }, async () => {
    const page = await suite.open('#/camera')
    await teach(page)
    const first = await page.getByRole('link', { name: 'Training run' }).getAttribute('href')
    const { url } = suite.service()
    const { spec } = await request(`${url}/jobs/${first?.split('/').at(-1)}`, jobSchema)
    const dataset = await request(`${url}/datasets/${String(spec.dataset)}`, datasetSchema)
    expect(dataset).toMatchObject({
      classes: ['left', 'right'],
      image: { width: 32, height: 32, channels: 3 },
      rows: (await countOf(page, 1)) + 30,
    })
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      expect.soft(await findingsOf(page), colorScheme).toEqual([])
    }
    await page.setViewportSize({ width: 360, height: 780 })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)

    await page.getByRole('link', { name: 'Model', exact: true }).click()
    const card = page.locator('.card.prediction')
    await card.getByText('Choose a picture.').waitFor()
    await paste(page)
    await page.getByRole('img', { name: 'Input: pasted.png' }).waitFor()
    await card.locator('.bars').waitFor()
    await page.getByRole('button', { name: 'Use the camera' }).click()
    // The pasted picture makes way for the camera.
    await page.getByRole('img', { name: 'Input: pasted.png' }).waitFor({ state: 'detached' })
    const answers = [1, 2].map(() =>
      page.waitForResponse((response) => response.url().endsWith('/predict') && response.ok()),
    )
    await Promise.all(answers)
    await page.getByRole('button', { name: 'Stop the camera' }).click()
    await page
      .getByLabel('Image for the model')
      .setInputFiles({ name: 'chosen.png', mimeType: 'image/png', buffer: Buffer.from(png, 'base64') })
    await page.getByRole('img', { name: 'Input: chosen.png' }).waitFor()
    await card.locator('.bars').waitFor()
    await page
      .getByLabel('Image for the model')
      .setInputFiles({ name: 'broken.gif', mimeType: 'image/gif', buffer: Buffer.from('GIF89a') })
    await page.getByText('This browser cannot read broken.gif as a picture.').waitFor()
    await page.close()
  })

  it('say why the camera does not start', { timeout: 60_000 }, async () => {
    const page = await suite.open('#/camera')
    const use = page.getByRole('button', { name: 'Use the camera' })
    await page.evaluate(`
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'))
    `)
    await use.click()
    await page.getByText('The browser refuses the camera.').waitFor()
    // Pages that are neither https nor localhost have no media devices.
    await page.evaluate("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
    await use.click()
    await page.getByText('on https:// and on localhost only').waitFor()
    await page.close()
  })
})
