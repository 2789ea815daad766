/** Labels of a model on the page: changed beside those of other clients, and found by the list. */
import { afterEach, describe, expect, it } from 'vitest'
import { request } from '../../examples/client.js'
import { modelSchema } from '../../src/contract/model.js'
import { findingsOf } from '../support/axe.js'
import { browserSuite, hasChromium } from '../support/browser.js'

// Its list of models has only these two.
const suite = browserSuite({})
afterEach(() => expect(suite.failures).toEqual([]))

const construct = (name: string) => {
  const body = { name, construct: { dnf: { inputs: 2, trueRows: [1] } } }
  return request(`${suite.service().url}/models`, modelSchema, body)
}

describe.skipIf(!hasChromium)('the labels of a model', () => {
  it('are changed, and the list is searched by them', { timeout: 60_000 }, async () => {
    const { url } = suite.service()
    const [{ id }] = [await construct('first'), await construct('second')]
    const page = await suite.open(`#/models/${id}`)
    await page.getByRole('button', { name: 'Edit labels' }).click()
    const form = page.getByRole('form', { name: 'Labels' })
    await form.getByLabel('Metadata').fill('team')
    await form.getByText('has a line that is not key=value').waitFor()
    expect(await form.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true)
    await form.getByLabel('Metadata').fill('team=blue')
    await form.getByLabel('Tags').fill('fair, small')
    await form.getByLabel('Notes').fill('Good on Mondays.')
    expect(await findingsOf(page)).toEqual([])
    // Another client sets another key meanwhile, which stays.
    await fetch(`${url}/models/${id}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ metadata: { region: 'north' } }),
    })
    await form.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Good on Mondays.').waitFor()
    await page.getByText('region = north').waitFor()
    expect(await request(`${url}/models/${id}`, modelSchema)).toMatchObject({
      name: 'first',
      notes: 'Good on Mondays.',
      tags: ['fair', 'small'],
      metadata: { team: 'blue', region: 'north' },
    })

    await page.goto(`${url}/#/models`)
    const names = () => page.locator('td.name a').allTextContents()
    await expect.poll(names).toEqual(['second', 'first'])
    for (const [field, text, expected] of [
      ['Name', 'sec', ['second']],
      ['Tags', 'fair, small', ['first']],
      ['Metadata', 'team=blue', ['first']],
    ] as const) {
      await page.getByLabel(field, { exact: true }).fill(text)
      await expect.poll(names).toEqual(expected)
      await page.getByLabel(field, { exact: true }).fill('')
      await expect.poll(names).toEqual(['second', 'first'])
    }
    await page.getByLabel('Tags', { exact: true }).fill('fair, large')
    await page.getByText('No matching models').waitFor()
    await page.setViewportSize({ width: 360, height: 780 })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)
    expect(await findingsOf(page)).toEqual([])
    await page.close()
  })
})
