/** Digits drawn with the mouse, predicted by the network that the service chooses for handwritten digits. */
import type { Page } from 'playwright-core'
import { afterEach, describe, expect, it } from 'vitest'
import { submit } from '../../examples/client.js'
import { datasetSchema } from '../../src/contract/dataset.js'
import { browserSuite, hasChromium } from '../support/browser.js'
import { enlargedDigits } from '../support/digits.js'
import { watchJob } from '../support/watching.js'

const suite = browserSuite()
afterEach(() => expect(suite.failures).toEqual([]))

type Point = readonly [x: number, y: number]

/** An arc of an ellipse. Angles in degrees, clockwise from the right. */
function arc([x, y]: Point, [across, down]: Point, from: number, to: number): Point[] {
  return Array.from({ length: 25 }, (_, step) => {
    const angle = ((from + ((to - from) * step) / 24) * Math.PI) / 180
    return [x + across * Math.cos(angle), y + down * Math.sin(angle)] as const
  })
}

/** Strokes in a square of side 1. */
const digits: Record<string, Point[][]> = {
  0: [arc([0.5, 0.5], [0.24, 0.36], -90, 270)],
  1: [
    [
      [0.52, 0.14],
      [0.48, 0.86],
    ],
  ],
  2: [[...arc([0.5, 0.33], [0.22, 0.2], -170, 40), [0.28, 0.84], [0.76, 0.84]]],
  3: [[...arc([0.47, 0.32], [0.2, 0.18], -150, 90), ...arc([0.47, 0.68], [0.24, 0.19], -90, 150)]],
  4: [
    [
      [0.5, 0.12],
      [0.24, 0.6],
      [0.76, 0.62],
    ],
    [
      [0.7, 0.4],
      [0.56, 0.88],
    ],
  ],
  5: [[[0.72, 0.14], [0.36, 0.14], [0.33, 0.45], ...arc([0.48, 0.65], [0.23, 0.21], -120, 140)]],
  6: [[[0.62, 0.12], [0.42, 0.36], [0.32, 0.62], ...arc([0.49, 0.68], [0.17, 0.18], 180, -180)]],
  7: [
    [
      [0.26, 0.16],
      [0.74, 0.16],
      [0.45, 0.88],
    ],
  ],
  8: [[...arc([0.5, 0.32], [0.17, 0.17], 90, 450), ...arc([0.5, 0.68], [0.2, 0.19], -90, 270)]],
  9: [[...arc([0.48, 0.34], [0.19, 0.19], 0, 360), [0.66, 0.5], [0.6, 0.88]]],
}

/** @param size side of the drawn square in the top left corner, as a fraction of the canvas */
async function draw(page: Page, strokes: readonly Point[][], size: number): Promise<void> {
  const box = await page.getByRole('img', { name: 'Draw a digit here' }).boundingBox()
  if (box === null) throw new Error('no canvas to draw on')
  for (const [first, ...rest] of strokes) {
    const at = ([x, y]: Point) => [box.x + x * size * box.width, box.y + y * size * box.height] as const
    await page.mouse.move(...at(first))
    await page.mouse.down()
    for (const point of rest) await page.mouse.move(...at(point), { steps: 3 })
    await page.mouse.up()
  }
}

describe.skipIf(!hasChromium)('a network trained on handwritten digits', () => {
  it('reads drawn digits of any size and position', { timeout: 240_000 }, async () => {
    const { url } = suite.service()
    const form = new FormData()
    const { images, labels } = enlargedDigits()
    form.append('images', images, 'images-idx3-ubyte.gz')
    form.append('labels', labels, 'labels-idx1-ubyte.gz')
    const answer = await fetch(`${url}/datasets`, { method: 'POST', body: form })
    const dataset = datasetSchema.parse(await answer.json())
    const { id } = await submit(url, {
      dataset: dataset.id,
      validationSplit: 0.1,
      epochs: 25,
      seed: 1,
    })
    const { job } = await watchJob(url, id).ended
    expect(job?.metrics.valAccuracy).toBeGreaterThan(0.96)
    const page = await suite.open(`#/models/${job?.modelId}`)
    const label = page.locator('.prediction p.large')
    const wrong: string[] = []
    for (const size of [1, 0.5]) {
      for (const [digit, strokes] of Object.entries(digits)) {
        await page.getByRole('button', { name: 'Clear' }).click()
        await page.getByText('Draw a digit.').waitFor()
        const predicted = page.waitForResponse((response) => response.url().endsWith('/predict'))
        await draw(page, strokes, size)
        await predicted
        // The page predicts again after each stroke.
        await page.waitForTimeout(300)
        const read = await label.textContent()
        if (read !== digit) wrong.push(`${digit} (size ${size}) is read as ${read}`)
      }
    }
    expect(wrong).toEqual([])
    await page.close()
  })
})
