/** The table of runs updates over one connection, without polling the whole list. */
import { afterEach, expect, it } from 'vitest'
import { request, submit } from '../../examples/client.js'
import { jobSchema } from '../../src/contract/job.js'
import { browserSuite, hasChromium } from '../support/browser.js'
import { upTo } from '../support/watching.js'

const suite = browserSuite()
afterEach(() => expect(suite.failures).toEqual([]))

const xor = (name: string, units: number, epochs: number): Parameters<typeof submit>[1] => ({
  name,
  dataset: 'xor',
  network: {
    layers: [
      { type: 'dense', units, activation: 'tanh' },
      { type: 'dense', units: 1, activation: 'sigmoid' },
    ],
  },
  loss: 'binaryCrossentropy',
  epochs,
})

it.skipIf(!hasChromium)(
  'shows new runs, progress and results over one connection',
  { timeout: 90_000 },
  async () => {
    const { url } = suite.service()
    const long = await submit(url, xor('long', 512, 10_000_000))
    for (const number of upTo(3)) await submit(url, xor(`short ${number}`, 4, 50))
    const page = await suite.open('#/runs')
    const row = (name: string) =>
      page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) })
    await row('long').getByText('running').waitFor()
    for (const number of upTo(3)) await row(`short ${number}`).getByText('succeeded').waitFor()

    /** The limits of the requested lists. */
    const lists: (string | null)[] = []
    const streams: string[] = []
    page.on('request', (sent) => {
      const { pathname, searchParams } = new URL(sent.url())
      if (pathname === '/jobs') lists.push(searchParams.get('limit'))
    })
    page.on('websocket', (socket) => streams.push(socket.url()))
    const epochText = async () => (await row('long').locator('.progress small').textContent()) ?? ''
    const before = await epochText()
    await expect.poll(epochText, { timeout: 20_000 }).not.toBe(before)

    await submit(url, xor('newer', 4, 50))
    await row('newer').getByText('succeeded').waitFor({ timeout: 20_000 })
    expect(await page.getByRole('row').nth(1).textContent()).toContain('newer')
    await row('long').getByRole('button', { name: 'Pause long' }).click()
    await row('long').getByText('paused').waitFor()
    await request(`${url}${long.links.self}/cancel`, jobSchema, {})
    await row('long').getByText('cancelled').waitFor()

    // Polls for a single new run. The list was read and the connection opened before.
    expect(lists).toContain('1')
    expect(lists).not.toContain('50')
    expect(streams).toEqual([])
    await page.close()
  },
)

it.skipIf(!hasChromium)('reads the curves of visible rows only', { timeout: 90_000 }, async () => {
  const { url } = suite.service()
  const count = 60
  for (const number of upTo(count)) await submit(url, xor(`row ${number}`, 4, 20))
  const listed = async () => {
    const answer = await fetch(`${url}/jobs?limit=${count}&status=succeeded`)
    return ((await answer.json()) as { data: unknown[] }).data.length
  }
  await expect.poll(listed, { timeout: 60_000 }).toBe(count)
  const page = await suite.open('#/runs')
  const curves = new Set<string>()
  page.on('request', (sent) => {
    const { pathname } = new URL(sent.url())
    if (pathname.endsWith('/epochs')) curves.add(pathname)
  })
  await page.reload()
  await page.getByRole('row').nth(50).waitFor()
  const drawn = page.locator('table.runs svg.sparkline')
  await expect.poll(() => drawn.count()).toBeGreaterThan(3)
  const last = page.getByRole('row').nth(50)
  expect(curves.size).toBeLessThan(40)
  await last.scrollIntoViewIfNeeded()
  await last.locator('svg.sparkline').waitFor()
  await page.close()
})
