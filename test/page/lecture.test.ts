/** The lecture: its path, its cards, their results, links and exported figures. */
import { buffer } from 'node:stream/consumers'
import { crc32 } from 'node:zlib'
import type { Page } from 'playwright-core'
import { afterEach, describe, expect, it } from 'vitest'
import { catalogue } from '../../examples/lecture/catalogue.js'
import type { Job } from '../../src/contract/job.js'
import { browserSuite, hasChromium } from '../support/browser.js'

// Links to results show stored runs.
const suite = browserSuite({ REUSE_RUNS: 'true' })
afterEach(() => expect(suite.failures).toEqual([]))

const confirmed = (page: Page) => page.getByText(/^Confirmed: /).waitFor({ timeout: 30_000 })

/** Trainings, without those that answered with a stored run. */
async function trainingsNamed(name: string): Promise<number> {
  const answer = await fetch(`${suite.service().url}/jobs?limit=100`)
  const { data } = (await answer.json()) as { data: Pick<Job, 'name' | 'reusedFrom'>[] }
  return data.filter((job) => job.name?.includes(name) && job.reusedFrom === null).length
}

async function saved(page: Page, kind: 'SVG' | 'PNG', title: string): Promise<Buffer> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: `Save as ${kind}: ${title}` }).click(),
  ])
  return buffer(await download.createReadStream())
}

describe.skipIf(!hasChromium)('the lecture', () => {
  it('lists its demonstrations in order, and runs one by one click', { timeout: 60_000 }, async () => {
    const page = await suite.open('#/lecture')
    const headings = page.getByRole('heading', { level: 2 })
    await headings.first().waitFor()
    const titles = await headings.allTextContents()
    expect(titles).toEqual(Object.values(catalogue).map(({ title }) => title))
    await page.getByRole('button', { name: 'Run: Gradient descent' }).click()
    await confirmed(page)
    expect(await page.evaluate('location.hash')).toBe('#/lecture/descent')
    const { assertion } = catalogue.descent
    await page.getByText(`Confirmed: ${assertion}`, { exact: true }).waitFor()
    await page.getByRole('img', { name: /^Loss over both weights/ }).waitFor()

    await page.getByRole('link', { name: 'Models' }).click()
    await page.getByRole('heading', { name: 'Models' }).waitFor()
    await page.getByRole('navigation').getByRole('link', { name: 'Lecture' }).click()
    await page.getByRole('article', { name: 'Gradient descent' }).getByText('Confirmed').waitFor()
    await page.reload()
    await page.getByRole('link', { name: 'Gradient descent' }).click()
    await confirmed(page)
    await page.close()
  })

  it('links to a result, which the same service shows without training again', {
    timeout: 60_000,
  }, async () => {
    const page = await suite.open('#/lecture/descent')
    await page.getByRole('button', { name: '30', exact: true }).click()
    await page.getByRole('button', { name: /^Run: / }).click()
    await confirmed(page)
    const before = await trainingsNamed('descent at rate')
    const address = await page.getByRole('link', { name: 'Link to this result' }).getAttribute('href')
    expect(decodeURIComponent(address ?? '')).toBe('#/lecture/descent;condition=30')
    await page.close()
    const other = await suite.open(address ?? '')
    await confirmed(other)
    expect(await other.getByRole('button', { name: '30', exact: true }).getAttribute('aria-pressed')).toBe(
      'true',
    )
    expect(await trainingsNamed('descent at rate')).toBe(before)
    await other.close()
  })

  it('builds a chosen Boolean function', { timeout: 60_000 }, async () => {
    const page = await suite.open('#/lecture/boolean-function')
    for (const bits of ['0 0 1', '1 1 0']) await page.getByRole('button', { name: bits, exact: true }).click()
    await page.getByRole('button', { name: /^Run: / }).click()
    await page.getByText('True rows: 4').waitFor()
    const rows = await page.locator('tbody tr').allTextContents()
    // Without 0 0 1, with 1 1 0, and with the initial 0 1 0, 1 0 0 and 1 1 1: inputs, target, output.
    expect(rows).toEqual([
      '0 0 000',
      '0 0 100',
      '0 1 011',
      '0 1 100',
      '1 0 011',
      '1 0 100',
      '1 1 011',
      '1 1 111',
    ])
    await page.close()
  })

  it('goes through back-propagation step by step, by keyboard alone', { timeout: 60_000 }, async () => {
    const page = await suite.open('#/lecture/back-propagation')
    const press = async (name: RegExp, key = 'Enter') => {
      for (let presses = 0; presses < 60; presses++) {
        const text = await page.evaluate(
          "document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent",
        )
        if (name.test(String(text))) return page.keyboard.press(key)
        await page.keyboard.press('Tab')
      }
      throw new Error(`${name} cannot be reached by keyboard`)
    }
    await press(/^Run: /)
    await confirmed(page)
    const text = page.locator('.network-text')
    const drawing = page.locator('.tiny-network')
    expect(await drawing.textContent()).not.toContain('z₁')
    await press(/^Next step$/)
    // 0.5 · 1 − 0.4 · 0.5 + 0.1
    await text.getByText('z₁ = 0.5 · 1 + (−0.4) · 0.5 + 0.1 = 0.4').waitFor()
    expect(await drawing.textContent()).toContain('z₁ = 0.4')
    for (let step = 0; step < 5; step++) await press(/^Next step$/)
    await text.getByText('Backward: through the sigmoid').waitFor()
    await page.getByRole('button', { name: 'Back', exact: true }).click()
    await text.getByText('Backward: from the loss to the output').waitFor()
    await page.getByRole('button', { name: 'All steps' }).click()
    expect(await drawing.textContent()).toContain('∂L = −0.052')
    await page.close()
  })

  it('exports figures with their spec, and has a projector mode', { timeout: 60_000 }, async () => {
    const page = await suite.open('#/lecture/loss')
    await page.getByRole('button', { name: /^Run: / }).click()
    await confirmed(page)
    const svg = await saved(page, 'SVG', 'Size of the gradient')
    const text = svg.toString()
    const spec = { demonstration: 'loss', command: 'npm run example -- loss start=-6' }
    const [, metadata = ''] = text.match(/<metadata>(.*)<\/metadata>/s) ?? []
    expect(JSON.parse(metadata)).toMatchObject({ ...spec, figure: { title: 'Size of the gradient' } })
    expect(text).toMatch(/stroke="rgb\(31, 92, 150\)"/)
    const png = await saved(page, 'PNG', 'Size of the gradient')
    expect(png.subarray(1, 4).toString()).toBe('PNG')
    // After the signature and the header: the length, the type, and the keyword.
    const length = png.readUInt32BE(33)
    const chunk = png.subarray(37, 41 + length).toString('latin1')
    expect(chunk).toMatch(/^tEXtDescent-Spec\0/)
    expect(png.readUInt32BE(41 + length)).toBe(crc32(png.subarray(37, 41 + length)))
    expect(JSON.parse(chunk.slice(17))).toMatchObject(spec)

    const size = async () => (await page.getByText(/^Confirmed: /).boundingBox())?.height ?? 0
    const before = await size()
    await page.locator('h1').press('p')
    await page.getByRole('button', { name: 'Projector (P)', pressed: true }).waitFor()
    expect(await size()).toBeGreaterThan(1.3 * before)
    await page.locator('h1').press('p')
    await page.getByRole('button', { name: 'Projector (P)', pressed: false }).waitFor()
    await page.close()
  })
})
