/** The main views: playground, run, table of runs, comparison. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { Epoch } from '../../src/contract/epoch.js'
import type { Job } from '../../src/contract/job.js'
import { browserSuite, hasChromium } from '../support/browser.js'
import { cornerColours } from '../support/corner-colours.js'

// Its first test expects no runs.
const suite = browserSuite({})
afterEach(() => expect(suite.failures).toEqual([]))

const dense = (units: number, activation: string) => ({ type: 'dense', units, activation })

async function submit(job: object): Promise<Job> {
  const answer = await fetch(`${suite.service().url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(job),
  })
  expect(answer.status).toBe(202)
  return (await answer.json()) as Job
}

const iris = (name: string, learningRate: number) => ({
  name,
  dataset: 'iris',
  network: { layers: [dense(8, 'relu'), dense(3, 'softmax')] },
  loss: 'categoricalCrossentropy',
  optimizer: { type: 'adam', learningRate },
  epochs: 60,
  seed: 1,
})

describe.skipIf(!hasChromium)('the playground', () => {
  it('is linked from the empty table of runs, and trains XOR', { timeout: 60_000 }, async () => {
    const page = await suite.open('')
    // With the replay, which other tests do not wait for.
    await page.emulateMedia({ reducedMotion: 'no-preference' })
    await page.getByText('No runs yet').waitFor()
    await page.getByRole('link', { name: 'Playground', exact: true }).click()
    await page.getByRole('button', { name: 'Train', exact: true }).click()
    const canvas = page.locator('.boundary canvas')
    await page.locator('canvas[data-epoch="500"]').waitFor({ timeout: 30_000 })
    expect(await cornerColours(page)).toEqual(['blue', 'orange', 'orange', 'blue'])
    await page.getByText('All points are classified correctly').waitFor()
    const learned = await canvas.screenshot()
    // The untrained network cannot classify all four corners.
    await page.getByRole('slider', { name: 'Epoch', exact: true }).fill('0')
    await page.locator('canvas[data-epoch="0"]').waitFor()
    expect(await cornerColours(page)).not.toEqual(['blue', 'orange', 'orange', 'blue'])
    expect(await canvas.screenshot()).not.toEqual(learned)
    await page.close()
  })
})

describe.skipIf(!hasChromium)('a run', () => {
  it('shows its training rows over its boundary', { timeout: 60_000 }, async () => {
    const { id } = await submit({
      name: 'rows',
      dataset: { name: 'moons', rows: 40, noise: 0.05, seed: 7 },
      network: { layers: [dense(1, 'sigmoid')] },
      loss: 'binaryCrossentropy',
      epochs: 20,
      seed: 1,
    })
    const page = await suite.open(`#/runs/${id}`)
    await page.getByRole('img', { name: 'Decision boundary after 20 epochs, over 40 points' }).waitFor()
    await page.close()
  })

  it('plots every epoch of the API although the connection was cut', {
    timeout: 90_000,
  }, async () => {
    const { id } = await submit({
      ...iris('cut', 0.001),
      dataset: { name: 'moons', rows: 3_000, noise: 0.2, seed: 1 },
      network: { layers: [dense(32, 'tanh'), dense(2, 'softmax')] },
      epochs: 4_000,
    })
    const page = await suite.open('#/runs')
    let cuts = 0
    const after: string[] = []
    // Not the connection of the list, which may still open.
    await page.routeWebSocket(new RegExp(`/jobs/${id}/stream\\?`), (socket) => {
      after.push(new URL(socket.url()).searchParams.get('after') ?? '')
      const server = socket.connectToServer()
      let messages = 0
      server.onMessage((message) => {
        socket.send(message)
        messages++
        if (messages === 3 && cuts < 3) {
          cuts++
          void socket.close({ code: 1012, reason: 'cut' })
          void server.close()
        }
      })
    })
    await page.goto(`${suite.service().url}/#/runs/${id}`)
    await page.getByText('complete').waitFor({ timeout: 60_000 })
    expect(cuts).toBe(3)
    expect(after.length).toBe(4)
    expect(Number(after[3])).toBeGreaterThan(Number(after[1]))
    const readDrawn = () =>
      page
        .locator('#curves .curves')
        .first()
        .evaluate((element) => {
          if (!('plot' in element)) throw new Error('no plot')
          return JSON.parse(JSON.stringify((element.plot as { data: unknown }).data))
        })
    await expect.poll(async () => (await readDrawn())[0].length).toBe(4_000)
    const drawn = await readDrawn()
    const answer = await fetch(`${suite.service().url}/jobs/${id}/epochs?limit=10000`)
    const { data } = (await answer.json()) as { data: { epoch: number; loss: number }[] }
    expect(data.length).toBe(4_000)
    expect(drawn[0]).toEqual(data.map(({ epoch }) => epoch))
    expect(drawn[1]).toEqual(data.map(({ loss }) => loss))
    await page.close()
  })

  it('is deleted after confirmation', { timeout: 60_000 }, async () => {
    const { id } = await submit(iris('to be deleted', 0.01))
    const page = await suite.open(`#/runs/${id}`)
    await page.getByText('succeeded').waitFor()
    expect(await page.title()).toBe('to be deleted · Descent')
    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('button', { name: 'Delete permanently?' }).waitFor()
    expect((await fetch(`${suite.service().url}/jobs/${id}`)).status).toBe(200)
    await page.getByRole('button', { name: 'Delete permanently?' }).click()
    await page.getByRole('heading', { name: 'Runs' }).waitFor()
    expect((await fetch(`${suite.service().url}/jobs/${id}`)).status).toBe(404)
    await page.close()
  })

  it('reports an unknown id', { timeout: 60_000 }, async () => {
    const page = await suite.open('#/runs/%')
    await page.getByText('There is no job %.').waitFor()
    // The browser logs failed requests, which are expected here.
    suite.failures.splice(0)
    await page.close()
  })

  it('is shown after the service recovers', { timeout: 60_000 }, async () => {
    const { id } = await submit(iris('away', 0.01))
    const page = await suite.open('#/playground')
    for (const [status, code, detail] of [
      [503, 'unavailable', 'The database does not answer.'],
      [429, 'rate-limited', 'There were too many requests.'],
    ] as const) {
      const body = JSON.stringify({ status, code, title: '', detail, errors: [] })
      const headers = { 'retry-after': '1' }
      await page.route('**/jobs/*', (route) => route.fulfill({ status, headers, body }))
      await page.evaluate(`location.hash = '#/runs/${id}'`)
      await page.getByText(detail).waitFor()
      await page.unroute('**/jobs/*')
      await page.getByRole('heading', { name: 'away' }).waitFor()
      await page.evaluate("location.hash = '#/playground'")
    }
    suite.failures.splice(0)
    await page.close()
  })

  it('reports divergence, also in the table', { timeout: 60_000 }, async () => {
    const { id } = await submit({
      name: 'diverging',
      dataset: { x: [[1], [2], [3]], y: [1e3, 2e3, 3e3] },
      network: { layers: [dense(1, 'linear')] },
      loss: 'squaredError',
      optimizer: { type: 'sgd', learningRate: 10 },
      epochs: 500,
      seed: 1,
    })
    const page = await suite.open(`#/runs/${id}`)
    await page.getByText('A smaller learning rate may help').waitFor()
    await page.goto(`${suite.service().url}/#/runs`)
    await page.getByRole('row').filter({ hasText: 'diverging' }).getByText('diverged').waitFor()
    await page.close()
  })

  it('is repeated by the copied code', { timeout: 60_000 }, async () => {
    const { id } = await submit(iris("the reader's own", 0.01))
    const page = await suite.open(`#/runs/${id}`)
    const request = page.getByRole('textbox', { name: 'Request that starts the same job' })
    const folder = mkdtempSync(join(tmpdir(), 'descent-same-'))
    try {
      const [shell, typescript] = [join(folder, 'start.sh'), join(folder, 'start.mts')]
      writeFileSync(shell, await request.inputValue())
      const byCurl = spawnSync('sh', [shell], { encoding: 'utf8' })
      await page.getByRole('button', { name: 'TypeScript' }).click()
      writeFileSync(typescript, `${await request.inputValue()}console.log(JSON.stringify(job))\n`)
      const byTypeScript = spawnSync('npx', ['tsx', typescript], { encoding: 'utf8' })
      const first = (await (await fetch(`${suite.service().url}/jobs/${id}`)).json()) as Job
      for (const { stdout } of [byCurl, byTypeScript]) {
        const again = JSON.parse(stdout) as Job
        expect(again).toMatchObject({ name: first.name, spec: first.spec })
        expect(again.id).not.toBe(id)
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
    await page.close()
  })

  it('can be paused, resumed and cancelled', { timeout: 60_000 }, async () => {
    const { id } = await submit({ ...iris('long', 0.001), epochs: 5_000_000 })
    const page = await suite.open(`#/runs/${id}`)
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByText('paused', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByText('running', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByText('cancelled', { exact: true }).waitFor()
    await page.close()
  })
})

describe.skipIf(!hasChromium)('several runs', () => {
  it('are selected in the table and compared on the same axes', { timeout: 60_000 }, async () => {
    const names = ['slow', 'medium', 'fast']
    for (const [index, rate] of [0.001, 0.01, 0.05].entries()) await submit(iris(names[index], rate))
    const page = await suite.open('#/runs')
    for (const name of names) {
      const row = page.getByRole('row').filter({ hasText: name })
      await row.getByText('succeeded').waitFor()
      await row.getByRole('checkbox').check()
    }
    await page.getByRole('button', { name: 'Compare' }).click()
    await page.getByRole('heading', { name: 'Comparison' }).waitFor()
    await page.locator('.u-over').waitFor()
    const series = page.locator('.curves .u-series')
    // The first series is x.
    expect(await series.count()).toBe(4)
    for (const name of names) await page.getByRole('cell', { name, exact: true }).first().waitFor()
    const data = await page.locator('.curves').evaluate((element) => {
      if (!('plot' in element)) throw new Error('no plot')
      return (element.plot as { data: (number | null)[][] }).data.map((column) => column.length)
    })
    expect(data).toEqual([60, 60, 60, 60])
    await page.getByRole('button', { name: 'time' }).click()
    const ids = decodeURIComponent(page.url().split('/').at(-1) ?? '').split(',')
    const times = await Promise.all(
      ids.map(async (id) => {
        const answer = await fetch(`${suite.service().url}/jobs/${id}/epochs`)
        const { data } = (await answer.json()) as { data: Epoch[] }
        return data.map(({ seconds }) => seconds ?? -1)
      }),
    )
    // Measured times: no two runs have the same.
    await expect
      .poll(async () =>
        page.locator('.curves').evaluate((element) => {
          if (!('plot' in element)) throw new Error('no plot')
          return [...(element.plot as { data: number[][] }).data[0]]
        }),
      )
      .toEqual([...new Set(times.flat())].toSorted((a, b) => a - b))
    await page.getByRole('button', { name: 'linear' }).click()
    await page.getByRole('slider', { name: 'Smoothing' }).fill('0.9')
    await page.getByText('90 %').waitFor()
    await page.close()
  })

  it('are filtered by name and status', { timeout: 60_000 }, async () => {
    // More newer runs than the first page shows.
    for (let index = 0; index < 51; index++)
      await submit({ ...iris(`one of many ${index}`, 0.01), epochs: 1 })
    const page = await suite.open('#/runs')
    await expect.poll(() => page.locator('tbody tr').count()).toBe(50)
    await page.getByPlaceholder('name or id').fill('medium')
    await expect.poll(() => page.locator('tbody tr').count()).toBe(1)
    await page.getByPlaceholder('name or id').fill('')
    await page.getByLabel('Status').selectOption('cancelled')
    await expect.poll(() => page.locator('tbody tr').count()).toBe(1)
    await page.close()
  })
})
