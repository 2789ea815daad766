/**
 * Administration on the page: keys for a class, one of them used, replaced and revoked, limits, the audit log, usage and
 * workers.
 */
import { hostname } from 'node:os'
import { text } from 'node:stream/consumers'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { findingsOfThemes } from '../support/axe.js'
import { browserSuite, hasChromium } from '../support/browser.js'
import { createKey } from '../support/create-key.js'

const suite = browserSuite({ WEBHOOK_KEYS: Buffer.alloc(32, 1).toString('base64') })

async function enter(page: Page, key: string): Promise<void> {
  await page.getByRole('button', { name: /API key/ }).click()
  await page.getByLabel('Key', { exact: true }).fill(key)
  await page.getByRole('button', { name: 'Use key' }).click()
}

/** Each part has no serious finding in either theme, and fits a phone. */
async function checkView(page: Page, name: string): Promise<void> {
  expect.soft(await findingsOfThemes(page), name).toEqual([])
  await page.setViewportSize({ width: 360, height: 780 })
  const width = await page.evaluate('document.documentElement.scrollWidth')
  expect.soft(width, `${name} at 360 pixels`).toBeLessThanOrEqual(360)
  await page.setViewportSize({ width: 1280, height: 900 })
}

const part = (page: Page, name: string) =>
  page.getByRole('navigation', { name: 'Administration' }).getByRole('link', { name })

it.skipIf(!hasChromium)(
  'creates keys in bulk, replaces and revokes one, changes a limit, and shows it all in the audit log',
  { timeout: 120_000 },
  async () => {
    const admin = await createKey(suite.database(), 'operators', ['admin'])
    const { url } = suite.service()
    // The service notices its first key within seconds.
    await expect.poll(async () => (await fetch(`${url}/jobs`)).status, { timeout: 20_000 }).toBe(401)
    const jobs = async (key: string) =>
      (await fetch(`${url}/jobs`, { headers: { authorization: `Bearer ${key}` } })).status

    const page = await suite.open('#/admin')
    await page.getByText('This service requires an API key').waitFor()
    await enter(page, admin)
    await page.getByRole('link', { name: 'operators' }).waitFor()
    await part(page, 'Keys').click()
    await page.getByLabel('Tenants, one a line').fill('class-1\nclass-2\nclass-1, class-1')
    await page.getByRole('button', { name: 'Create 4 keys' }).click()
    await page.getByText('3 keys created.').waitFor()
    await page.getByText('class-1: Tenant class-1 has 2 of 2 live keys').waitFor()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save keys.csv' }).click(),
    ])
    const csv = await text(await download.createReadStream())
    const [head, ...rows] = csv.split('\r\n').map((line) => line.slice(1, -1).split('","'))
    expect(head).toEqual(['tenant', 'name', 'id', 'key', 'expires'])
    expect(rows.map(([tenant]) => tenant)).toEqual(['class-1', 'class-2', 'class-1'])
    const [, [, , id, key]] = rows
    expect(await jobs(key)).toBe(200)
    await checkView(page, 'keys')

    const row = page.getByRole('row', { name: id })
    await row.getByRole('button', { name: 'Rotate' }).click()
    await row.getByRole('button', { name: 'Replace in 24 h?' }).click()
    const next = await page.getByLabel('New key', { exact: true }).inputValue()
    await row.getByText('replaced, live until').waitFor()
    expect([await jobs(key), await jobs(next)]).toEqual([200, 200])
    await row.getByRole('button', { name: 'Revoke' }).click()
    await row.getByRole('button', { name: 'Revoke at once?' }).click()
    await row.getByText('revoked').waitFor()
    expect([await jobs(key), await jobs(next)]).toEqual([401, 200])

    await part(page, 'Tenants').click()
    await page.getByLabel('Tenants that begin with').fill('class-2')
    await page.getByRole('link', { name: 'class-1' }).waitFor({ state: 'detached' })
    await checkView(page, 'tenants')
    await page.getByRole('link', { name: 'class-2' }).click()
    await page.getByLabel('Queued jobs').fill('0')
    await page.getByRole('button', { name: 'Save limits' }).click()
    await page.getByRole('alert').first().waitFor()
    await page.getByLabel('Queued jobs').fill('5')
    await page.getByRole('button', { name: 'Save limits' }).click()
    await page.getByText('own limit').waitFor()
    await page.getByLabel('Reason that the tenant sees').fill('the course is over')
    await page.getByRole('button', { name: 'Suspend', exact: true }).click()
    await page.getByText('Suspended: the course is over').waitFor()
    expect(await jobs(next)).toBe(403)
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByRole('button', { name: 'Suspend', exact: true }).waitFor()
    expect(await jobs(next)).toBe(200)
    await checkView(page, 'a tenant')

    const hook = await createKey(suite.database(), 'class-3', ['webhooks:write'])
    const registered = await fetch(`${url}/webhooks`, {
      method: 'POST',
      headers: { authorization: `Bearer ${hook}`, 'content-type': 'application/json' },
      body: JSON.stringify({ url: 'https://hooks.example/secret' }),
    })
    expect(registered.status).toBe(201)
    await part(page, 'Webhooks').click()
    await page.getByRole('cell', { name: 'hooks.example' }).waitFor()
    await checkView(page, 'webhooks')
    await page.getByRole('button', { name: 'Disable' }).click()
    await page.getByRole('button', { name: 'Send nothing more?' }).click()
    await page.getByText('disabled by an operator').waitFor()
    await page.getByRole('button', { name: 'Enable' }).click()
    await page.getByRole('cell', { name: 'active' }).waitFor()

    await part(page, 'Audit log').click()
    await page.getByLabel('Tenant', { exact: true }).fill('class-2')
    const actions = page.locator('tbody tr td:nth-child(2)')
    await expect
      .poll(() => actions.allTextContents())
      .toEqual([
        'Tenant resumed',
        'Tenant suspended',
        'Limits changed',
        'Key revoked',
        'Key rotated',
        'Key created',
        'Tenant created',
      ])
    expect(await page.locator('main').textContent()).not.toContain('descent_')
    await checkView(page, 'audit log')
    await page.getByLabel('Action').selectOption('key.revoked')
    await expect.poll(() => actions.allTextContents()).toEqual(['Key revoked'])

    await part(page, 'Tenants').click()
    await page.getByRole('link', { name: 'class-2' }).click()
    const remove = page.getByRole('button', { name: 'Delete', exact: true })
    await page.getByLabel('The id of the tenant, to confirm').fill('class-1')
    await expect.poll(() => remove.isDisabled()).toBe(true)
    await page.getByLabel('The id of the tenant, to confirm').fill('class-2')
    await remove.click()
    await expect.poll(() => jobs(next)).toBe(401)
    await page.getByRole('heading', { name: 'class-2 is deleted' }).waitFor()
    // The browser logs requests that fail: those without a key, for workshops, and the invalid limit.
    expect(suite.failures.filter((failure) => !/status of 40[0134]/.test(failure))).toEqual([])
    await page.close()
  },
)

it.skipIf(!hasChromium)(
  'shows the usage of a month and the workers, and saves the usage as CSV',
  { timeout: 120_000 },
  async () => {
    const admin = await createKey(suite.database(), 'accounts', ['admin'])
    const key = await createKey(suite.database(), 'class-9', ['jobs:write'])
    const { url } = suite.service()
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const spec = {
      dataset: 'xor',
      network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
      loss: 'binaryCrossentropy',
      epochs: 7,
    }
    const submitted = await fetch(`${url}/jobs`, { method: 'POST', headers, body: JSON.stringify(spec) })
    const { id } = z.object({ id: z.string() }).parse(await submitted.json())
    const statusOf = async () =>
      z.object({ status: z.string() }).parse(await (await fetch(`${url}/jobs/${id}`, { headers })).json())
        .status
    await expect.poll(statusOf, { timeout: 20_000 }).toBe('succeeded')

    const page = await suite.openAlone('#/admin/usage')
    await enter(page, admin)
    const row = page.getByRole('row').filter({ has: page.getByRole('button', { name: 'class-9' }) })
    await expect.poll(() => row.getByRole('cell').allTextContents()).toHaveLength(6)
    const [tenant, succeeded, failed, cancelled, , epochs] = await row.getByRole('cell').allTextContents()
    expect([tenant, succeeded, failed, cancelled, epochs]).toEqual(['class-9', '1', '0', '0', '7'])
    await checkView(page, 'usage')
    await row.getByRole('button', { name: 'class-9' }).click()
    const today = new Date().toISOString().slice(0, 10)
    await page.getByRole('cell', { name: today }).waitFor()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save days as CSV' }).click(),
    ])
    expect(download.suggestedFilename()).toBe(`usage-${today.slice(0, 7)}.csv`)
    const [head, line] = (await text(await download.createReadStream())).split('\n')
    expect(head).toBe('tenant,day,succeeded,failed,cancelled,threadSeconds,epochs')
    expect(line).toMatch(new RegExp(`^class-9,${today},1,0,0,[0-9.e-]+,7$`))

    await part(page, 'Workers').click()
    await page.getByRole('cell', { name: `${hostname()}, process` }).waitFor()
    await page.getByRole('cell', { name: /^0 of \d+$/ }).waitFor()
    await checkView(page, 'workers')
    expect(suite.failures.filter((failure) => !/status of 40[0134]/.test(failure))).toEqual([])
    await page.close()
  },
)
