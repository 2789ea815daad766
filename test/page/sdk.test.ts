/** The built client in a page of Chromium: streams by a WebSocket with tickets, uploads with progress. */
import { readFileSync } from 'node:fs'
import { join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'
import type * as Sdk from '../../sdk/src/index.js'
import { browserSuite, hasChromium } from '../support/browser.js'
import { applicationScopes, createKey } from '../support/create-key.js'
import { upTo } from '../support/watching.js'

const document = `<!doctype html><script type="module">
import * as sdk from '/sdk/index.js'
globalThis.sdk = sdk
</script>`

describe.skipIf(!hasChromium)('the client in a browser', () => {
  const suite = browserSuite({})

  it('uploads, trains, watches and predicts', { timeout: 120_000 }, async () => {
    const key = await createKey(suite.database(), 'mine', applicationScopes)
    const page = await suite.open('health/live')
    await page.route('**/sdk/**', (route) => {
      const path = join('sdk/dist', normalize(new URL(route.request().url()).pathname.slice('/sdk/'.length)))
      if (path.endsWith('.html')) return route.fulfill({ contentType: 'text/html', body: document })
      return route.fulfill({ contentType: 'text/javascript', body: readFileSync(path, 'utf8') })
    })
    await page.goto(`${suite.service().url}/sdk/index.html`)
    const sockets: string[] = []
    page.on('websocket', (socket) => sockets.push(socket.url()))
    const csv = readFileSync('examples/iris.csv', 'utf8')
    const found = await page.evaluate(
      async ({ key, csv }) => {
        const { Descent, NotFoundError }: typeof Sdk = Reflect.get(globalThis, 'sdk')
        const client = new Descent({ key })
        const progress: Sdk.UploadProgress[] = []
        const dataset = await client.datasets.upload(
          new Blob([csv]),
          { target: 'species' },
          { onProgress: (each) => progress.push(each) },
        )
        const streamed = await client.datasets.preview(new Blob([csv]).stream())
        const job = await client.jobs.create({ dataset: dataset.id, epochs: 300, seed: 1 })
        const epochs: number[] = []
        for await (const { epoch } of job.epochs()) epochs.push(epoch)
        const { modelId } = await job.done()
        const flower = { sepalLength: 5.1, sepalWidth: 3.5, petalLength: 1.4, petalWidth: 0.2 }
        const { predictions } = await client.models.predict(modelId, [flower])
        const missing = await client.jobs
          .watch('job_0123456789abcdef0123456789abcdef')
          .next()
          .catch((error) => error)
        const refusal = await client.datasets
          .upload('a', {}, { onProgress: () => {} })
          .catch((error: Sdk.ApiError) => error.code)
        return {
          dataset: dataset.rows,
          columns: streamed.columns.length,
          progress: progress.at(-1),
          epochs,
          status: job.data,
          label: predictions[0]?.label,
          isMissing: missing instanceof NotFoundError,
          refusal,
        }
      },
      { key, csv },
    )
    const { status, ...others } = found
    expect(status).toMatchObject({ status: 'succeeded', epoch: found.epochs.length })
    expect(found.epochs.length).toBeGreaterThan(20)
    expect(others).toEqual({
      dataset: 150,
      columns: 5,
      progress: { sentBytes: csv.length, totalBytes: csv.length },
      epochs: upTo(status.epoch),
      label: 'setosa',
      isMissing: true,
      refusal: 'invalid-dataset',
    })
    const streams = sockets.filter((url) => url.includes('/stream?'))
    expect(streams.length).toBeGreaterThanOrEqual(1)
    expect(streams.filter((url) => !url.includes('ticket=') || url.includes(key))).toEqual([])
  })
})
