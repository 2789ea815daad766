/** Names, versions and aliases on the page: registered, moved, refused after a conflict, and rolled back. */
import type { Page } from 'playwright-core'
import { afterEach, describe, expect, it } from 'vitest'
import { request } from '../../examples/client.js'
import { modelSchema } from '../../src/contract/model.js'
import { type Alias, aliasMoveSchema, aliasSchema, type ModelVersion } from '../../src/contract/registry.js'
import { findingsOfThemes } from '../support/axe.js'
import { browserSuite, hasChromium } from '../support/browser.js'

const suite = browserSuite()
afterEach(() => expect(suite.failures).toEqual([]))

/** A model of two inputs that is true for one row. */
async function construct(trueRow: number): Promise<string> {
  const body = { construct: { dnf: { inputs: 2, trueRows: [trueRow] } } }
  return (await request(`${suite.service().url}/models`, modelSchema, body)).id
}

async function put(path: string, body: object, headers: Record<string, string> = {}) {
  const answer = await fetch(suite.service().url + path, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  expect(answer.ok).toBe(true)
  return answer
}

const aliasOf = async (name: string, alias: string): Promise<Alias> =>
  request(`${suite.service().url}/registry/${name}/aliases/${alias}`, aliasSchema)

async function movesOf(name: string): Promise<string[]> {
  const answer = await fetch(`${suite.service().url}/registry/${name}/aliases/current/history`)
  const { data } = (await answer.json()) as { data: unknown[] }
  return data.map((each) => {
    const { action, from, to } = aliasMoveSchema.parse(each)
    return `${action} ${from} ${to}`
  })
}

/** A name with as many versions. */
async function registered(name: string, versions: number): Promise<string[]> {
  const ids: string[] = []
  for (let version = 1; version <= versions; version++) {
    const id = await construct(version % 4)
    await put(`/registry/${name}/versions`, { modelId: id })
    ids.push(id)
  }
  return ids
}

async function show(page: Page, address: string, heading: string | RegExp): Promise<void> {
  await page.goto(`${suite.service().url}/${address}`)
  await page.getByRole('heading', { level: 1, name: heading }).waitFor()
}

const alias = (page: Page) => page.getByRole('article', { name: 'Alias current' })

/** The browser logs the refusals, which these tests expect. */
const expectRefusal = (status: number) =>
  expect(suite.failures.splice(0)).toEqual([expect.stringContaining(`status of ${status}`)])

describe.skipIf(!hasChromium)('the registry on the page', () => {
  it('registers a model, points an alias at it, and then keeps it', { timeout: 60_000 }, async () => {
    const [first, second] = [await construct(1), await construct(2)]
    const page = await suite.open('#/registry')
    await page.getByText('No names yet').waitFor()
    await show(page, `#/models/${first}`, 'Model')
    await page.getByText('This model is not registered under a name').waitFor()
    expect(await page.getByRole('button', { name: 'Delete' }).isEnabled()).toBe(true)
    await page.getByLabel('Register under a name').fill('gate')
    await page.getByRole('button', { name: 'Register' }).click()
    const version = page.getByRole('article', { name: 'gate, version 1' })
    await version.getByText('candidate').waitFor()
    await version.getByText('gate has no alias of this name').waitFor()
    await version.getByRole('button', { name: 'Create alias at version 1' }).click()
    await version.getByText('gate@current is version 1 now').waitFor()
    expect(await aliasOf('gate', 'current')).toMatchObject({ version: 1, modelId: first })

    await page.getByText('gate@current points at this model').waitFor()
    expect(await page.getByRole('button', { name: 'Delete' }).isDisabled()).toBe(true)

    await show(page, `#/models/${second}`, 'Model')
    await page.getByText('This model is not registered under a name').waitFor()
    await page.getByLabel('Register under a name').fill('gate')
    await page.getByRole('button', { name: 'Register as version 2' }).click()
    const next = page.getByRole('article', { name: 'gate, version 2' })
    await next.getByText('gate@current is version 1 now').waitFor()
    await next.getByRole('button', { name: 'Move to version 2' }).click()
    await next.getByText('gate@current is version 2 now').waitFor()
    expect(await movesOf('gate')).toEqual(['moved 1 2', 'created null 1'])

    await show(page, '#/registry', 'Registry')
    await page.getByRole('row', { name: /gate/ }).getByText('2 versions').waitFor()
    await page.getByRole('link', { name: 'current → 2' }).click()
    await page.waitForURL(new RegExp(`#/models/${second}$`))
    await page.close()
  })

  it('refuses a move after a conflict, shows the current state, and rolls back', {
    timeout: 60_000,
  }, async () => {
    await registered('churn', 3)
    await put('/registry/churn/aliases/current', { version: 1 })
    const page = await suite.open('#/registry/churn')
    await alias(page).getByRole('link', { name: 'version 1' }).waitFor()

    // Another client moves it after the page was loaded.
    const { etag } = await aliasOf('churn', 'current')
    await put('/registry/churn/aliases/current', { version: 2 }, { 'if-match': etag })
    const form = page.getByRole('form', { name: 'Point an alias of churn' })
    await form.getByLabel('Version').selectOption('3')
    await form.getByRole('button', { name: 'Move to version 3' }).click()
    await form.getByText('Changed meanwhile').waitFor()
    expectRefusal(412)
    await alias(page).getByRole('link', { name: 'version 2' }).waitFor()
    expect(await aliasOf('churn', 'current')).toMatchObject({ version: 2 })

    await form.getByRole('button', { name: 'Move to version 3' }).click()
    await alias(page).getByRole('link', { name: 'version 3' }).waitFor()
    await expect.poll(() => form.getByText('Changed meanwhile').count()).toBe(0)
    await alias(page).getByRole('button', { name: 'Roll back to version 2' }).click()
    await alias(page).getByRole('link', { name: 'version 2' }).waitFor()
    await alias(page).getByText('History of current').click()
    const rows = alias(page).getByRole('row')
    await expect
      .poll(async () =>
        (await rows.allTextContents())
          .slice(1)
          .map((text) => text.replace(/^.*?(?=created|moved|rolled)/, '')),
      )
      .toEqual(['rolled back32none', 'moved23none', 'moved12none', 'created–1none'])
    expect(await movesOf('churn')).toEqual(['rolledBack 3 2', 'moved 2 3', 'moved 1 2', 'created null 1'])
    await page.close()
  })

  it('refuses a rollback after a conflict', { timeout: 60_000 }, async () => {
    await registered('race', 3)
    const created = await put('/registry/race/aliases/current', { version: 1 })
    const moved = await put(
      '/registry/race/aliases/current',
      { version: 2 },
      { 'if-match': created.headers.get('etag') ?? '' },
    )
    const page = await suite.open('#/registry/race')
    const button = alias(page).getByRole('button', { name: 'Roll back to version 1' })
    await button.waitFor()
    await put(
      '/registry/race/aliases/current',
      { version: 3 },
      { 'if-match': moved.headers.get('etag') ?? '' },
    )
    await button.click()
    await alias(page).getByText('Changed meanwhile').waitFor()
    expectRefusal(412)
    await alias(page).getByRole('button', { name: 'Roll back to version 2' }).waitFor()
    expect(await aliasOf('race', 'current')).toMatchObject({ version: 3 })
    await page.close()
  })

  it('archives a version, and deletes an alias and a name', { timeout: 60_000 }, async () => {
    await registered('old', 2)
    await put('/registry/old/aliases/current', { version: 2 })
    const versions = async () => {
      const answer = await fetch(`${suite.service().url}/registry/old/versions`)
      const { data } = (await answer.json()) as { data: ModelVersion[] }
      return data.map(({ status }) => status)
    }
    const page = await suite.open('#/registry/old')
    await page.getByRole('button', { name: 'Archive version 1' }).click()
    await page.getByRole('button', { name: 'Restore version 1' }).waitFor()
    expect(await versions()).toEqual(['current', 'archived'])
    await page.getByRole('button', { name: 'Restore version 1' }).click()
    await page.getByRole('button', { name: 'Archive version 1' }).waitFor()
    await alias(page).getByRole('button', { name: 'Delete current' }).click()
    await alias(page).getByRole('button', { name: 'Delete permanently?' }).click()
    await page.getByRole('button', { name: 'Delete name' }).click()
    await page.getByRole('button', { name: 'Delete permanently?' }).click()
    await page.getByRole('heading', { level: 1, name: 'Registry' }).waitFor()
    expect((await fetch(`${suite.service().url}/registry/old`)).status).toBe(404)
    await page.close()
  })

  it('shows why a name is refused', { timeout: 60_000 }, async () => {
    const id = await construct(3)
    const page = await suite.open(`#/models/${id}`)
    await page.getByLabel('Register under a name').fill('3rd')
    await page.getByRole('button', { name: 'Register' }).click()
    await page.getByRole('alert').getByText('begin with a letter').waitFor()
    expectRefusal(400)
    await page.close()
  })

  it('works by keyboard, fits a phone, and has no serious axe finding in either theme', {
    timeout: 60_000,
  }, async () => {
    const name = 'a-name-that-is-too-long-for-the-width-of-a-small-screen'
    const [id] = await registered(name, 2)
    const page = await suite.open('#/registry')
    await show(page, `#/models/${id}`, 'Model')
    const version = page.getByRole('article', { name: `${name}, version 1` })
    await version.getByLabel('Alias', { exact: true }).press('Enter')
    await version.getByText('is version 1 now').waitFor()
    for (const [address, heading] of [
      [`#/models/${id}`, 'Model'],
      ['#/registry', 'Registry'],
      [`#/registry/${name}`, name],
    ]) {
      await page.setViewportSize({ width: 1280, height: 720 })
      await show(page, address, heading)
      await page
        .getByText(/current/)
        .first()
        .waitFor()
      expect.soft(await findingsOfThemes(page), address).toEqual([])
      await page.setViewportSize({ width: 360, height: 780 })
      const width = await page.evaluate('document.documentElement.scrollWidth')
      expect.soft(width, address).toBeLessThanOrEqual(360)
    }
    await page.close()
  })
})
