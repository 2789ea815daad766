/** A service that requires keys: the page asks for one, keeps it until the tab closes, and streams with tickets. */
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import type { Job } from '../../src/contract/job.js'
import { browserSuite, hasChromium } from '../support/browser.js'
import { createKey } from '../support/create-key.js'

const suite = browserSuite({})

async function enter(page: Page, key: string): Promise<void> {
  await page.getByRole('button', { name: /API key/ }).click()
  await page.getByLabel('Key', { exact: true }).fill(key)
  await page.getByRole('button', { name: 'Use key' }).click()
}

it.skipIf(!hasChromium)(
  'asks for a key, streams with it, and keeps it for the tab alone',
  { timeout: 90_000 },
  async () => {
    const scopes = ['jobs:write', 'models:write', 'datasets:write'] as const
    const key = await createKey(suite.database(), 'blue', scopes)
    const { url } = suite.service()
    // The service notices its first key within seconds.
    await expect.poll(async () => (await fetch(`${url}/jobs`)).status, { timeout: 20_000 }).toBe(401)
    const page = await suite.open('#/runs')
    const streams: string[] = []
    page.on('websocket', (socket) => streams.push(socket.url()))
    await page.getByText('This service requires an API key').waitFor()
    await enter(page, key)

    await page.getByRole('link', { name: 'Playground', exact: true }).click()
    await page.getByRole('button', { name: 'Train', exact: true }).click()
    await page.locator('canvas[data-epoch="500"]').waitFor({ timeout: 30_000 })
    await page.getByRole('link', { name: 'Open run' }).click()
    await page.getByText('complete').waitFor()
    await expect.poll(() => streams.length).toBeGreaterThanOrEqual(2)
    for (const address of streams) {
      expect(new URL(address).searchParams.get('ticket')).toMatch(/^[0-9a-f]{64}$/)
      expect(address).not.toContain(key)
    }
    const kept = await page.evaluate('JSON.stringify([localStorage, document.cookie, location.href])')
    expect(kept).not.toContain('descent_')

    await page.reload()
    await page.getByText('complete').waitFor()
    const { href } = new URL(page.url())
    expect(href).not.toContain(key)
    const jobId = href.split('/').at(-1)
    // Another tab has its own storage.
    const other = await suite.open(`#/runs/${jobId}`)
    await other.getByText('This service requires an API key').waitFor()
    await other.close()
    const job = await fetch(`${url}/jobs/${jobId}`, { headers: { authorization: `Bearer ${key}` } })
    expect(((await job.json()) as Job).epoch).toBe(500)
    // The browser logs failed requests: those without a key, and those for workshops, which the key may not read.
    expect(suite.failures.filter((text) => !/status of 40[13]/.test(text))).toEqual([])
    await page.close()
  },
)
