/** Pages of other origins in a real browser: an allowed one predicts with its key, a foreign one reads nothing. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { afterAll, expect, it } from 'vitest'
import { z } from 'zod'
import { browserSuite, hasChromium } from '../support/browser.js'
import { createKey } from '../support/create-key.js'

const [allowed, foreign] = await Promise.all([servePage(), servePage()])
const suite = browserSuite({ ALLOWED_ORIGINS: allowed.origin })

afterAll(() => {
  allowed.server.close()
  foreign.server.close()
})

/** Another port is another origin. */
async function servePage(): Promise<{ server: Server; origin: string }> {
  const server = createServer((_request, response) =>
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>shop</title>'),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const answerSchema = z.union([
  z.object({
    status: z.int(),
    requestId: z.string().nullable(),
    body: z.unknown(),
  }),
  z.object({ error: z.string() }),
])

/** What the script of a page gets from the service. */
async function fetchIn(page: Page, path: string, init: object) {
  const [url, options] = [`${suite.service().url}${path}`, JSON.stringify(init)]
  const answer = await page.evaluate(`(async () => {
    try {
      const answer = await fetch(${JSON.stringify(url)}, ${options})
      const { status, headers } = answer
      return { status, requestId: headers.get('x-request-id'), body: await answer.json() }
    } catch (error) {
      return { error: error.name }
    }
  })()`)
  return answerSchema.parse(answer)
}

it.skipIf(!hasChromium)(
  'lets the script of an allowed page predict and read errors, and no other',
  { timeout: 120_000 },
  async () => {
    const { url } = suite.service()
    const construct = { dnf: { inputs: 2, trueRows: [1, 2] } }
    const made = await fetch(`${url}/models`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ construct }),
    })
    const { id } = z.object({ id: z.string() }).parse(await made.json())
    const key = await createKey(suite.database(), 'local', ['models:predict'], [id])
    await expect.poll(async () => (await fetch(`${url}/jobs`)).status, { timeout: 20_000 }).toBe(401)

    const headers = {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'x-request-id': 'r1',
    }
    const body = JSON.stringify({ inputs: [[0, 1]] })
    const predict = { method: 'POST', headers, body }
    const browser = (await suite.open('')).context()

    const page = await browser.newPage()
    await page.goto(allowed.origin)
    expect(await fetchIn(page, `/models/${id}/predict`, predict)).toMatchObject({
      status: 200,
      requestId: 'r1',
      body: { modelId: id, predictions: [{ output: [1] }] },
    })
    expect(await fetchIn(page, `/models/${id}/predict?x=0,1`, { headers })).toMatchObject({
      status: 200,
      body: { modelId: id, predictions: [{ output: [1] }] },
    })
    const wrong = { ...predict, body: JSON.stringify({ inputs: [[0, 'x']] }) }
    expect(await fetchIn(page, `/models/${id}/predict`, wrong)).toMatchObject({
      status: 422,
      body: { code: 'invalid-input' },
    })
    const keyless = { headers: { accept: 'application/json' } }
    expect(await fetchIn(page, '/jobs', keyless)).toMatchObject({
      status: 401,
      body: { code: 'unauthorized' },
    })
    expect(await fetchIn(page, '/jobs', { headers })).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    })
    expect(await fetchIn(page, `/models/${id}`, { method: 'DELETE', headers })).toMatchObject({ status: 403 })

    const stranger = await browser.newPage()
    await stranger.goto(foreign.origin)
    expect(await fetchIn(stranger, `/models/${id}/predict`, predict)).toEqual({ error: 'TypeError' })
    // Without a preflight.
    expect(await fetchIn(stranger, '/health/live', {})).toEqual({ error: 'TypeError' })
    expect(await fetchIn(page, '/health/live', {})).toMatchObject({ status: 200, body: { status: 'live' } })
  },
)
