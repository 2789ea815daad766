/** The menu of exports on the page of a model. */
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import { request, submit } from '../../examples/client.js'
import { evaluatedModelSchema } from '../../src/contract/model.js'
import { browserSuite, hasChromium } from '../support/browser.js'
import { watchJob } from '../support/watching.js'

const suite = browserSuite()
afterEach(() => expect(suite.failures).toEqual([]))

describe.skipIf(!hasChromium)('the menu of exports', () => {
  it('saves a file, and shows why another is refused', { timeout: 60_000 }, async () => {
    const { url } = suite.service()
    const { id } = await submit(url, {
      dataset: 'and',
      network: { layers: [{ type: 'dense', units: 1, activation: 'step' }] },
      loss: 'perceptron',
      epochs: 5,
      seed: 1,
    })
    const { job } = await watchJob(url, id).ended
    const model = await request(`${url}/models/${job?.modelId}`, evaluatedModelSchema)
    const page = await suite.open(`#/models/${model.id}`)
    await page.getByText('Export for other programs').click()

    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: 'JavaScript' }).click()
    const file = await saved
    expect(file.suggestedFilename()).toBe(`${model.id}.mjs`)
    const answer = await fetch(`${url}/models/${model.id}/export?format=javascript`)
    expect(await text(await file.createReadStream())).toBe(await answer.text())

    await page.getByRole('button', { name: 'TensorFlow.js' }).click()
    await page.getByText('TensorFlow.js has no activation "step", which layers[0] (dense) uses').waitFor()
    expect(suite.failures.splice(0)).toEqual([expect.stringContaining('status of 422')])
    await page.close()
  })
})
