/** Models are imported on the page: files of the service, a state dict of PyTorch, ONNX, and files that are refused. */
import type { Page } from 'playwright-core'
import { afterEach, describe, expect, it } from 'vitest'
import { request } from '../../examples/client.js'
import { modelSchema } from '../../src/contract/model.js'
import { fixture, fixtureFile } from '../imports/fixtures.js'
import { findingsOfThemes } from '../support/axe.js'
import { browserSuite, hasChromium } from '../support/browser.js'
import { trainedModel } from '../support/trained.js'

const suite = browserSuite()
afterEach(() => expect(suite.failures).toEqual([]))

const columns = ['sepalLength', 'sepalWidth', 'petalLength', 'petalWidth']

async function choose(page: Page, name: string, buffer: Buffer): Promise<void> {
  await page.goto(`${suite.service().url}/#/models`)
  await page
    .getByLabel('Import a model')
    .setInputFiles({ name, mimeType: 'application/octet-stream', buffer })
  await page.getByRole('heading', { name: `Import ${name}` }).waitFor()
}

const press = (page: Page) => page.getByRole('button', { name: 'Import', exact: true }).click()

/** The model whose page is shown after an import. */
async function imported(page: Page) {
  await page.waitForURL(/#\/models\/mdl_[0-9a-f]{32}$/)
  await page.getByRole('heading', { level: 1 }).waitFor()
  const id = page.url().split('/').at(-1)
  return request(`${suite.service().url}/models/${id}`, modelSchema)
}

const modelCount = async () => {
  const answer = await fetch(`${suite.service().url}/models?limit=100`)
  const { data } = (await answer.json()) as { data: unknown[] }
  return data.length
}

/** The browser logs the refusals, which these tests expect. */
const expectRefusals = (count: number) =>
  expect(suite.failures.splice(0)).toEqual(
    Array.from({ length: count }, () => expect.stringContaining('status of 422')),
  )

const saved = async (path: string) =>
  Buffer.from(await (await fetch(`${suite.service().url}${path}`)).arrayBuffer())

describe.skipIf(!hasChromium)('an import', () => {
  it('takes files that the service exported, as they are', { timeout: 90_000 }, async () => {
    const first = await trainedModel(suite.service().url, {
      name: 'home',
      dataset: 'iris',
      network: { layers: [{ type: 'dense', units: 3, activation: 'softmax' }] },
      loss: 'categoricalCrossentropy',
      epochs: 5,
      seed: 1,
    })
    const page = await suite.open('#/models')
    for (const [name, path] of [
      ['home.safetensors', `/models/${first.id}/weights`],
      ['home.onnx', `/models/${first.id}/export?format=onnx`],
    ]) {
      await choose(page, name, await saved(path))
      expect(await page.getByLabel('Network (JSON)').count()).toBe(0)
      await press(page)
      const model = await imported(page)
      expect(model.id).not.toBe(first.id)
      expect(model).toMatchObject({ name: 'home', jobId: null, columns, weightSha256: first.weightSha256 })
      expect(model.coding).toEqual(first.coding)
    }
    // The page of the last one predicts.
    for (const [index, value] of ['5.1', '3.5', '1.4', '0.2'].entries()) {
      await page.getByLabel(columns[index]).fill(value)
    }
    await page.locator('.prediction p.large').waitFor()
    await page.close()
  })

  it('asks for the network of a state dict, and for names', { timeout: 60_000 }, async () => {
    const { network, inputs, outputs } = fixture('mlp')
    const page = await suite.open('#/models')
    await choose(page, 'mlp.safetensors', fixtureFile('mlp.safetensors'))
    await page.getByText('The file has weights without their network').waitFor()
    await press(page)
    await page.getByText('is needed, because the file has weights only').waitFor()
    expect(await page.getByLabel('Network (JSON)').getAttribute('aria-invalid')).toBe('true')
    await page.getByLabel('Network (JSON)').fill('{"layers": [')
    await page.getByText(/^is not JSON: /).waitFor()
    await press(page)
    // Nothing was sent: the service would have refused it.
    await page.getByLabel('Read the network from a file').setInputFiles({
      name: 'network.json',
      mimeType: 'application/json',
      buffer: Buffer.from(JSON.stringify(network)),
    })
    await expect.poll(() => page.getByLabel('Network (JSON)').inputValue()).toBe(JSON.stringify(network))
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('from torch')
    await page.getByLabel('Columns').fill(columns.join(', '))
    await page.getByLabel('Targets').fill('species')
    await page.getByLabel('Classes').fill('setosa, versicolor')
    await press(page)
    // The network has three outputs.
    await page.getByRole('alert').filter({ hasText: 'The marked field says why' }).waitFor()
    expect(await page.getByLabel('Classes').getAttribute('aria-invalid')).toBe('true')
    expectRefusals(1)
    await page.getByLabel('Classes').fill('setosa, versicolor, virginica')
    await press(page)
    const model = await imported(page)
    await page.getByRole('heading', { name: 'from torch' }).waitFor()
    expect(model).toMatchObject({ columns, classes: ['setosa', 'versicolor', 'virginica'] })
    const answer = await fetch(`${suite.service().url}/models/${model.id}/predict?x=${inputs[0]?.join(',')}`)
    const { predictions } = (await answer.json()) as { predictions: { output: number[] }[] }
    for (const [index, value] of (outputs[0] ?? []).entries()) {
      expect(predictions[0]?.output[index]).toBeCloseTo(value, 5)
    }
    await page.close()
  })

  it('shows why a file is refused, and can be cancelled', { timeout: 60_000 }, async () => {
    const before = await modelCount()
    const page = await suite.open('#/models')
    await choose(page, 'notes.txt', Buffer.from('not a model'))
    await press(page)
    const notice = page.getByRole('alert')
    await notice.getByText('The file of 11 bytes is neither safetensors nor ONNX').waitFor()
    await notice.getByText('Invalid model file').waitFor()
    expectRefusals(1)
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByLabel('Import a model').waitFor()
    expect(await page.getByRole('heading', { name: 'Import notes.txt' }).count()).toBe(0)
    expect(await modelCount()).toBe(before)
    await page.close()
  })

  it('can be cancelled while it is sent', { timeout: 60_000 }, async () => {
    const before = await modelCount()
    const page = await suite.open('#/models')
    const route = /\/models$/
    // A POST is never answered.
    await page.route(route, async (held) => {
      if (held.request().method() !== 'POST') await held.continue()
    })
    await choose(page, 'mlp.safetensors', fixtureFile('mlp.safetensors'))
    await page.getByLabel('Network (JSON)').fill(JSON.stringify(fixture('mlp').network))
    await press(page)
    await page.getByRole('progressbar').waitFor()
    expect(await page.getByRole('button', { name: 'Import', exact: true }).isDisabled()).toBe(true)
    const failed = page.waitForEvent('requestfailed')
    await page.getByRole('button', { name: 'Cancel' }).click()
    expect((await failed).failure()?.errorText).toContain('ERR_ABORTED')
    await page.getByLabel('Import a model').waitFor()
    expect(await modelCount()).toBe(before)
    await page.close()
  })

  it('works by keyboard, fits a phone, and has no serious axe finding in either theme', {
    timeout: 60_000,
  }, async () => {
    const { network } = fixture('mlp')
    const page = await suite.open('#/models')
    await choose(page, 'mlp.safetensors', fixtureFile('mlp.safetensors'))
    await page.getByText('tensors in the file').click()
    await page.getByText('Scales, categories').click()
    expect(await findingsOfThemes(page)).toEqual([])
    await page
      .getByLabel('Network (JSON)')
      .fill('{"inputShape": [4], "layers": [{"type": "dense", "units": 3}]}')
    await press(page)
    await page.getByText('Invalid model file').waitFor()
    expectRefusals(1)
    expect(await findingsOfThemes(page)).toEqual([])
    await page.setViewportSize({ width: 360, height: 780 })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)
    await page.getByLabel('Network (JSON)').fill(JSON.stringify(network))
    await page.getByRole('textbox', { name: 'Name', exact: true }).press('Enter')
    await imported(page)
    await page.close()
  })
})
