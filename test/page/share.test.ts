/** A run is shared by a link, watched by a visitor without a key on a phone, and the link is revoked. */
import { afterEach, describe, expect, it } from 'vitest'
import type { Job } from '../../src/contract/job.js'
import { findingsOfThemes } from '../support/axe.js'
import { browserSuite, hasChromium } from '../support/browser.js'
import { createKey } from '../support/create-key.js'
import { underLoad } from '../support/waiting.js'

const suite = browserSuite({})
// The browser logs the refusals of the revoked link, and of the first page without a key.
afterEach(() => expect(suite.failures.splice(0).filter((text) => !/status of 401/.test(text))).toEqual([]))

const moons = {
  name: 'Moons',
  dataset: { name: 'moons', rows: 20_000, noise: 0.2, seed: 1 },
  network: {
    layers: [
      { type: 'dense', units: 16, activation: 'tanh' },
      { type: 'dense', units: 1, activation: 'sigmoid' },
    ],
  },
  loss: 'binaryCrossentropy',
  epochs: 100_000,
  seed: 1,
}

describe.skipIf(!hasChromium)('a shared run', () => {
  it('is seen live by a visitor without a key, until its link is revoked', { timeout: 120_000 }, async () => {
    const { url } = suite.service()
    const scopes = ['jobs:write', 'models:read', 'datasets:read', 'workshops:read'] as const
    const key = await createKey(suite.database(), 'owner', scopes)
    await expect.poll(async () => (await fetch(`${url}/jobs`)).status, { timeout: 20_000 }).toBe(401)
    const send = async (path: string, body?: object) =>
      fetch(url + path, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
    const { id } = (await (await send('/jobs', moons)).json()) as Job

    const owner = await suite.openAlone(`#/runs/${id}`)
    await owner.getByRole('button', { name: 'Enter an API key' }).click()
    await owner.getByLabel('Key', { exact: true }).fill(key)
    await owner.getByRole('button', { name: 'Use key' }).click()
    await owner.getByRole('button', { name: 'Share', exact: true }).click()
    await owner.getByText('This run has no links.').waitFor()
    await owner.getByRole('button', { name: 'Make a link' }).click()
    const address = await owner.getByLabel('Share link', { exact: true }).inputValue()
    expect(address).toMatch(new RegExp(`^${url}/#/shared/share_${id.slice('job_'.length)}[0-9a-f]{72}$`))
    await owner.getByText('This address works on this machine only').waitFor()

    // As on a page of the network, which is no secure context: the browser offers no clipboard.
    await owner.evaluate('Object.defineProperty(window, "isSecureContext", { value: false })')
    await owner.getByRole('button', { name: 'Copy: Share link' }).click()
    await owner.getByRole('button', { name: 'Copied' }).waitFor()

    const visitor = await suite.openAlone(address.slice(`${url}/`.length))
    await visitor.setViewportSize({ width: 360, height: 740 })
    await visitor.getByRole('heading', { name: 'Moons' }).waitFor()
    await visitor.getByText('live', { exact: true }).waitFor({ timeout: underLoad(10_000) })
    const shown = () => visitor.locator('canvas[data-epoch]').getAttribute('data-epoch')
    await expect.poll(shown, { timeout: underLoad(20_000) }).not.toBeNull()
    const first = await shown()
    await expect.poll(shown, { timeout: underLoad(20_000) }).not.toBe(first)
    await visitor.locator('#curves .u-over').first().waitFor()
    const width = await visitor.evaluate<number>('document.documentElement.scrollWidth')
    expect(width).toBeLessThanOrEqual(360)
    expect(await visitor.getByRole('link').count()).toBe(0)
    expect(await findingsOfThemes(visitor)).toEqual([])

    await owner.getByRole('button', { name: 'Revoke' }).click()
    await owner.getByRole('button', { name: 'Revoke for everybody?' }).click()
    await owner.getByText('This run has no links.').waitFor()
    expect(await owner.getByLabel('Share link', { exact: true }).count()).toBe(0)
    const ended = visitor.getByText('This link no longer works: it was revoked, or its run was deleted.')
    await ended.waitFor({ timeout: underLoad(10_000) })
    await visitor.reload()
    await ended.waitFor()
    await send(`/jobs/${id}/cancel`, {})
  })

  it('replays after its end, and says if the address is not complete', { timeout: 60_000 }, async () => {
    const { url } = suite.service()
    const key = await createKey(suite.database(), 'other', ['jobs:write'])
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const post = async (path: string, body: object) =>
      (await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })).json()
    const { id } = (await post('/jobs', { ...moons, epochs: 30 })) as Job
    const { page } = (await post(`/jobs/${id}/share-links`, {})) as { page: string }
    const visitor = await suite.openAlone(page.slice(1))
    await visitor.getByText('complete', { exact: true }).waitFor({ timeout: underLoad(20_000) })
    await visitor.locator('canvas[data-epoch="30"]').waitFor()
    await visitor.getByRole('slider', { name: 'Epoch of the replay' }).fill('0')
    await visitor.locator('canvas[data-epoch="0"], canvas[data-epoch="1"]').waitFor()
    await visitor.getByText('Spec', { exact: true }).click()
    expect(await visitor.getByLabel('Spec of the run').inputValue()).toContain('"units": 16')
    await visitor.goto(`${url}/${page.slice(1, -1)}`)
    await visitor.getByText('This link is not complete.').waitFor()
  })
})
