/** A workshop on the page: the teacher opens and controls it, participants join by a code and train, all at once. */
import { availableParallelism } from 'node:os'
import type { Page } from 'playwright-core'
import { afterEach, describe, expect, it } from 'vitest'
import type { Job } from '../../src/contract/job.js'
import { participantLimits } from '../../src/contract/workshop.js'
import { findingsOfThemes } from '../support/axe.js'
import { browserSuite, hasChromium } from '../support/browser.js'
import { createKey } from '../support/create-key.js'
import { underLoad } from '../support/waiting.js'

const isLong = process.env.LONG_TESTS !== undefined
const participants = isLong ? 30 : 3
/** Of the time from Train to the first epoch, with all participants at once. */
const medianMilliseconds = 2_000
/**
 * More browsers on a core wait for each other, which those of a room do not. Then the time on the page is that in the
 * service and that of the page's main thread, without what it waits for a core.
 */
const browsersPerCore = 4
const hasCores = availableParallelism() >= participants / browsersPerCore

/** Threads for trainings: at most as many as one participant may use, so that one can occupy them all. */
const threads = Math.min(availableParallelism(), participantLimits.runningJobs ?? 4)

const suite = browserSuite({ WORKER_CONCURRENCY: String(threads) })
const opened: { teacher?: Page; code: string } = { code: '' }

// The browser logs refused requests: those without a key, and those with a wrong code or a taken nickname.
afterEach(() =>
  expect(suite.failures.splice(0).filter((text) => !/status of 40[149]/.test(text))).toEqual([]),
)

async function teacherPage(): Promise<Page> {
  if (opened.teacher !== undefined) return opened.teacher
  const scopes = ['jobs:write', 'models:write', 'datasets:write', 'workshops:write'] as const
  const key = await createKey(suite.database(), 'teacher', scopes)
  const { url } = suite.service()
  // The service notices its first key within seconds.
  await expect.poll(async () => (await fetch(`${url}/jobs`)).status, { timeout: 20_000 }).toBe(401)
  const page = await suite.openAlone('#/workshops')
  await page.getByRole('button', { name: 'Enter an API key' }).click()
  await page.getByLabel('Key', { exact: true }).fill(key)
  await page.getByRole('button', { name: 'Use key' }).click()
  await page.getByRole('link', { name: 'Workshops', exact: true }).click()
  await page.getByLabel('Name (optional)').fill('Neural networks, Monday')
  await page.getByRole('button', { name: 'Open workshop' }).click()
  opened.code = (await page.locator('.workshop-code').textContent()) ?? ''
  opened.teacher = page
  return page
}

async function join(nickname: string): Promise<Page> {
  const page = await suite.openAlone(`#/join/${opened.code}`)
  await page.getByLabel('Nickname').fill(nickname)
  await page.getByRole('button', { name: 'Join' }).click()
  await page.getByText(`You are ${nickname}`).waitFor()
  return page
}

const rowOf = (page: Page, nickname: string) => page.getByRole('row', { name: new RegExp(`^${nickname}\\b`) })

/** Requests as a page does, with its key. */
async function send(page: Page, method: string, path: string, body?: object | string): Promise<unknown> {
  const key = await page.evaluate('sessionStorage.getItem("descent-key")')
  const response = await fetch(`${suite.service().url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': typeof body === 'string' ? 'text/csv' : 'application/json',
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  expect(response.ok, `${method} ${path}: ${response.status}`).toBe(true)
  return response.json()
}

const moons = (epochs: number) => ({
  name: 'Moons',
  dataset: { name: 'moons', rows: 20_000, noise: 0.2, seed: 1 },
  network: {
    layers: [
      { type: 'dense', units: 64, activation: 'tanh' },
      { type: 'dense', units: 32, activation: 'tanh' },
      { type: 'dense', units: 1, activation: 'sigmoid' },
    ],
  },
  loss: 'binaryCrossentropy',
  epochs,
  seed: 1,
  reuse: false,
})

/** Milliseconds for which the main thread of the page has computed. */
async function measureThread(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable', { timeDomain: 'threadTicks' })
  return async () => {
    const { metrics } = await session.send('Performance.getMetrics')
    return 1_000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN)
  }
}

/** Presses Train in the playground, and returns the milliseconds until it shows the first epoch. */
async function trainAndMeasure(page: Page): Promise<{ drawn: number; computed: number }> {
  const threadTime = await measureThread(page)
  const before = await threadTime()
  const drawn = await train(page)
  return { drawn, computed: (await threadTime()) - before }
}

const train = (page: Page) =>
  page.evaluate<number>(`new Promise((resolve) => {
    const begin = performance.now()
    const check = () => {
      const { epoch = 0 } = document.querySelector('canvas[data-epoch]')?.dataset ?? {}
      if (Number(epoch) >= 1) resolve(performance.now() - begin)
      else setTimeout(check, 10)
    }
    ;[...document.querySelectorAll('button')].find(({ textContent }) => textContent.trim() === 'Train').click()
    check()
  })`)

/** From the creation of the participant's newest job to the end of its first epoch. */
async function serviceMilliseconds(page: Page): Promise<number> {
  const jobs = (await send(page, 'GET', '/jobs?limit=1')) as { data: Job[] }
  const [{ id, createdAt, startedAt }] = jobs.data
  const epochs = (await send(page, 'GET', `/jobs/${id}/epochs?limit=1`)) as { data: { seconds: number }[] }
  return Date.parse(startedAt ?? '') - Date.parse(createdAt) + 1_000 * epochs.data[0].seconds
}

const median = (values: readonly number[]) =>
  Math.round(values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)])

async function openPlayground(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Playground', exact: true }).click()
  await page.getByRole('button', { name: 'Train', exact: true }).waitFor()
}

describe.skipIf(!hasChromium)('a workshop', () => {
  it('is opened by the teacher and joined by code and nickname', { timeout: 90_000 }, async () => {
    const teacher = await teacherPage()
    expect(opened.code).toMatch(/^[A-Z]{6}$/)
    await teacher.getByText('Nobody has joined yet').waitFor()
    await teacher.getByText('This address works on this machine only').waitFor()

    const ada = await join('ada')
    await ada.getByRole('link', { name: 'Workshop', exact: true }).waitFor()
    await openPlayground(ada)
    await ada.getByRole('button', { name: 'Train', exact: true }).click()
    await ada.locator('canvas[data-epoch="500"]').waitFor({ timeout: underLoad(30_000) })

    const row = rowOf(teacher, 'ada')
    await row.getByText('succeeded').waitFor({ timeout: underLoad(10_000) })
    expect(await row.textContent()).toMatch(/Playground: XOR.*500 \/ 500/)
    // A participant may not open workshops.
    expect(await ada.getByRole('link', { name: 'Workshops', exact: true }).count()).toBe(0)
    await ada.reload()
    await ada.getByRole('link', { name: 'Workshop', exact: true }).click()
    await rowOf(ada, 'ada').getByText('you').waitFor()
  })

  it('says why somebody cannot join', { timeout: 60_000 }, async () => {
    await teacherPage()
    await join('grace')
    const page = await suite.openAlone('#/join')
    const wrong = opened.code.startsWith('A') ? 'BBBBBB' : 'AAAAAA'
    await page.getByLabel('Code').fill(wrong.toLowerCase())
    await page.getByLabel('Nickname').fill('Grace')
    await page.getByRole('button', { name: 'Join' }).click()
    await page.getByText(`No open workshop has the code ${wrong}.`).waitFor()
    await page.getByLabel('Code').fill(opened.code)
    await page.getByRole('button', { name: 'Join' }).click()
    await page.getByText('Somebody in this workshop is called Grace').waitFor()
    await page.close()
  })

  it('is paused, resumed, exported and reset by the teacher', { timeout: 120_000 }, async () => {
    const teacher = await teacherPage()
    const linus = await join('linus')
    await send(linus, 'POST', '/jobs', moons(100_000))
    const row = rowOf(teacher, 'linus')
    await row.getByText('running').waitFor({ timeout: underLoad(15_000) })
    await teacher.getByRole('button', { name: 'Pause all' }).click()
    await teacher.getByText('1 run paused.').waitFor()
    await row.getByText('paused').waitFor()
    await teacher.getByRole('button', { name: 'Resume all' }).click()
    await teacher.getByText('1 run resumed.').waitFor()
    await row.getByText('running').waitFor({ timeout: underLoad(15_000) })

    const [download] = await Promise.all([
      teacher.waitForEvent('download'),
      teacher.getByRole('button', { name: 'Download CSV' }).click(),
    ])
    expect(download.suggestedFilename()).toMatch(/^wks_\w+\.csv$/)

    await teacher.getByRole('button', { name: 'Reset' }).click()
    await teacher.getByRole('button', { name: 'Delete everybody’s runs?' }).click()
    await teacher.getByText(/runs? deleted\./).waitFor({ timeout: underLoad(15_000) })
    await row.getByText('no run yet').waitFor()
  })

  it('offers the starting spec of the teacher', { timeout: 60_000 }, async () => {
    const teacher = await teacherPage()
    const field = teacher.getByLabel('A job, as JSON')
    await field.fill('{"dataset": ')
    await teacher.getByText('This is not JSON').waitFor()
    await field.fill(JSON.stringify({ ...moons(3), name: 'Start here' }))
    await teacher.getByRole('button', { name: 'Save starting spec' }).click()
    await teacher.getByText('Saved.').waitFor()
    const barbara = await join('barbara')
    await barbara.getByRole('link', { name: 'Start from the teacher’s spec' }).click()
    await barbara.getByRole('button', { name: 'Start training' }).click()
    await barbara.getByRole('heading', { name: 'Start here' }).waitFor({ timeout: underLoad(10_000) })
    await rowOf(teacher, 'barbara')
      .getByText('succeeded')
      .waitFor({ timeout: underLoad(15_000) })
  })

  it('ranks runs on hidden rows', { timeout: 90_000 }, async () => {
    const teacher = await teacherPage()
    const csv = (seed: number) => {
      const rows = Array.from({ length: 40 }, (_, index) => ((index * seed) % 37) / 37)
      return ['x,y', ...rows.map((x) => `${x},${2 * x + 1}`)].join('\n')
    }
    const buffer = Buffer.from(csv(11))
    await teacher
      .getByLabel('Upload hidden rows')
      .setInputFiles({ name: 'hidden.csv', mimeType: 'text/csv', buffer })
    const chosen = teacher.getByLabel('Hidden rows', { exact: true })
    await expect.poll(() => chosen.inputValue(), { timeout: underLoad(10_000) }).toMatch(/^ds_/)
    await teacher.getByLabel('Metric').selectOption({ label: 'Root mean squared error' })
    await teacher.getByRole('button', { name: 'Save leaderboard' }).click()
    const [tu, youyou] = [await join('tu'), await join('youyou')]
    for (const [page, epochs] of [
      [tu, 1],
      [youyou, 200],
    ] as const) {
      const { id } = (await send(page, 'POST', '/datasets', csv(7))) as { id: string }
      const network = { layers: [{ type: 'dense', units: 1, activation: 'linear' }] }
      const optimizer = { type: 'adam', learningRate: 0.1 }
      const loss = 'meanSquaredError'
      await send(page, 'POST', '/jobs', {
        name: `${epochs}`,
        dataset: id,
        network,
        loss,
        optimizer,
        epochs,
        seed: 1,
      })
    }
    const places = async (page: Page) => {
      const rows = await page.locator('.leaderboard tbody tr').allTextContents()
      return rows.flatMap((text) => /^\d+[a-z]{2}/.exec(text)?.[0] ?? [])
    }
    for (const page of [teacher, tu]) {
      await expect.poll(() => places(page), { timeout: underLoad(15_000) }).toEqual(['1yo', '2tu'])
    }
  })

  it('has no serious finding in either theme, and fits a phone', { timeout: 60_000 }, async () => {
    const teacher = await teacherPage()
    const student = await join('A nickname that is very long')
    for (const page of [teacher, student]) {
      await page.reload()
      await page.getByRole('row').nth(1).waitFor()
      expect.soft(await findingsOfThemes(page)).toEqual([])
      await page.setViewportSize({ width: 360, height: 780 })
      const width = await page.evaluate('document.documentElement.scrollWidth')
      expect.soft(width, 'at 360 pixels').toBeLessThanOrEqual(360)
      await page.setViewportSize({ width: 1280, height: 720 })
    }
  })
})

describe.skipIf(!hasChromium)('a room', () => {
  it('trains at once, and everybody soon sees an epoch', { timeout: 600_000 }, async () => {
    const teacher = await teacherPage()
    const nicknames = Array.from({ length: participants }, (_, index) => `student${index + 1}`)
    const pages: Page[] = []
    for (const nickname of nicknames) {
      const page = await join(nickname)
      await openPlayground(page)
      pages.push(page)
    }
    const times = await Promise.all(pages.map(trainAndMeasure))
    for (const nickname of nicknames) {
      await rowOf(teacher, nickname)
        .getByText('succeeded')
        .waitFor({ timeout: underLoad(60_000) })
    }
    const inService = await Promise.all(pages.map(serviceMilliseconds))
    const served = median(inService)
    const drawn = median(times.map((each) => each.drawn))
    const apart = median(times.map(({ computed }, index) => inService[index] + computed))
    console.log(
      `first epoch of ${participants} at once: ${served} ms in the service, ${apart} ms with the page’s thread, ` +
        `${drawn} ms on pages that share ${availableParallelism()} cores`,
    )
    expect(served).toBeLessThan(underLoad(medianMilliseconds))
    if (isLong) expect(hasCores ? drawn : apart).toBeLessThan(underLoad(medianMilliseconds))
    for (const page of pages) await page.close()
  })

  it('does not wait for the 30 jobs of one participant', { timeout: 180_000 }, async () => {
    const teacher = await teacherPage()
    const [greedy, other] = [await join('greedy'), await join('patient')]
    const jobs = (await Promise.all(
      Array.from({ length: 30 }, () => send(greedy, 'POST', '/jobs', moons(100_000))),
    )) as Job[]
    const count = async (status: string) =>
      ((await send(greedy, 'GET', `/jobs?status=${status}&limit=100`)) as { data: Job[] }).data
    await expect.poll(async () => (await count('running')).length, { timeout: 20_000 }).toBe(threads)
    // All threads train for minutes. The place and the start are shown in the playground, and beside everybody's runs.
    const place = /no\. \d+ in the queue, starts in about \d/
    await openPlayground(greedy)
    await greedy.getByRole('button', { name: 'Train', exact: true }).click()
    await greedy.getByText(place).waitFor({ timeout: underLoad(20_000) })
    await greedy.getByRole('link', { name: 'Workshop', exact: true }).click()
    await greedy.getByText('Your newest run waits:').waitFor()
    await greedy.getByText(place).waitFor({ timeout: underLoad(10_000) })

    // The worker preempts a run of the greedy one, although 29 of its runs came before.
    await openPlayground(other)
    await other.getByRole('button', { name: 'Train', exact: true }).click()
    await other.getByRole('link', { name: 'Workshop', exact: true }).click()
    await rowOf(other, 'patient')
      .getByText('succeeded')
      .waitFor({ timeout: underLoad(30_000) })
    const unfinished = [...(await count('queued')), ...(await count('running'))]
    expect(unfinished).toHaveLength(jobs.length + 1)
    await teacher.getByRole('button', { name: 'Reset' }).click()
    await teacher.getByRole('button', { name: 'Delete everybody’s runs?' }).click()
    await rowOf(teacher, 'greedy')
      .getByText('no run yet')
      .waitFor({ timeout: underLoad(30_000) })
  })
})
