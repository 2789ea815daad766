/** Pictures of every view, on a desk, a projector and a phone, light and dark, into `screenshots/` or the folder that is named. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { request, submit, watch } from '../examples/client.js'
import { demonstrationIds } from '../examples/lecture/catalogue.js'
import { demonstrate } from '../examples/service.js'
import { jobSchema } from '../src/contract/job.js'
import { newShareLinkSchema } from '../src/contract/share-link.js'
import { sweepSchema, sweepSummarySchema } from '../src/contract/sweep.js'
import { openBrowser } from './browser.js'
import { startPictureWorkshop } from './picture-workshop.js'

const folder = process.argv[2] ?? 'screenshots'
const only = process.argv[3]
const sizes = {
  desktop: { width: 1600, height: 1000 },
  projector: { width: 1280, height: 720 },
  phone: { width: 360, height: 780 },
} as const

async function trained(url: string, request: Parameters<typeof submit>[1]): Promise<string> {
  const job = await submit(url, request)
  for await (const _ of watch(url, job));
  return job.id
}

const dense = (units: number, activation: 'tanh' | 'sigmoid' | 'softmax' | 'relu') => ({
  type: 'dense' as const,
  units,
  activation,
})

/** A sweep over three parameters, some of whose points diverge. */
async function finishedSweep(url: string): Promise<string> {
  const { id } = await request(`${url}/sweeps`, sweepSummarySchema, {
    name: 'Rates, sizes and activations on moons',
    spec: {
      dataset: { name: 'moons', rows: 300, noise: 0.2, seed: 1 },
      network: { layers: [dense(8, 'tanh'), dense(1, 'sigmoid')] },
      loss: 'binaryCrossentropy',
      optimizer: { type: 'adam', learningRate: 0.01 },
      epochs: 30,
      validationSplit: 0.3,
      seed: 1,
    },
    parameters: [
      { path: '/optimizer/learningRate', min: 0.0001, max: 1, scale: 'log', steps: 7 },
      { path: '/network/layers/0/units', values: [2, 4, 8, 16, 32] },
      { path: '/network/layers/0/activation', values: ['tanh', 'relu', 'sigmoid'] },
    ],
    seeds: 3,
  })
  const read = () => request(`${url}/sweeps/${id}`, sweepSchema)
  while ((await read()).status === 'running') await new Promise((resolve) => setTimeout(resolve, 200))
  return id
}

/** What a workshop leaves behind after some minutes. */
async function prepare(url: string) {
  const spirals = await trained(url, {
    name: 'Spirals, two layers of 16',
    dataset: { name: 'spirals', rows: 400, noise: 0.05, seed: 1 },
    network: { layers: [dense(16, 'tanh'), dense(16, 'tanh'), dense(1, 'sigmoid')] },
    loss: 'binaryCrossentropy',
    optimizer: { type: 'adam', learningRate: 0.01 },
    epochs: 1_000,
    validationSplit: 0.2,
    seed: 1,
  })
  const irises = []
  for (const [name, optimizer] of [
    ['Iris with Adam', { type: 'adam', learningRate: 0.01 }],
    ['Iris with plain descent', { type: 'sgd', learningRate: 0.05 }],
    [
      'Iris with momentum, a name that is far too long for the narrow column of a table on a phone',
      { type: 'sgd', learningRate: 0.05, momentum: 0.9 },
    ],
  ] as const) {
    irises.push(
      await trained(url, {
        name,
        dataset: 'iris',
        network: { layers: [dense(16, 'relu'), dense(3, 'softmax')] },
        loss: 'categoricalCrossentropy',
        optimizer,
        epochs: 120,
        validationSplit: 0.25,
        seed: 1,
      }),
    )
  }
  await trained(url, {
    name: 'A rate that is too large',
    dataset: { x: [[1], [2], [3]], y: [1e3, 2e3, 3e3] },
    network: { layers: [{ type: 'dense', units: 1 }] },
    loss: 'squaredError',
    optimizer: { type: 'sgd', learningRate: 10 },
    epochs: 500,
    seed: 1,
  })
  const running = await submit(url, {
    name: 'A long one',
    dataset: { name: 'moons', rows: 20_000, noise: 0.2, seed: 1 },
    network: { layers: [dense(64, 'tanh'), dense(32, 'tanh'), dense(1, 'sigmoid')] },
    loss: 'binaryCrossentropy',
    epochs: 20_000,
    seed: 1,
  })
  const sweep = await finishedSweep(url)
  const iris = await request(`${url}/jobs/${irises[0]}`, jobSchema)
  const { page: shared } = await request(`${url}/jobs/${spirals}/share-links`, newShareLinkSchema, {})
  return { spirals, irises, running: running.id, sweep, model: iris.modelId ?? '', shared }
}

interface Shot {
  name: string
  address: string
  /** Called before the page has the address. */
  begin?(page: Page): Promise<void>
  prepare?(page: Page): Promise<void>
}

function listShots({ spirals, irises, sweep, model, shared }: Awaited<ReturnType<typeof prepare>>): Shot[] {
  return [
    { name: 'runs', address: '#/runs', prepare: (page) => page.getByRole('row').nth(4).waitFor() },
    {
      name: 'run',
      address: `#/runs/${spirals}`,
      prepare: async (page) => {
        await page.locator('canvas[data-epoch="1000"]').waitFor()
      },
    },
    {
      name: 'run-classes',
      address: `#/runs/${irises[0]}`,
      prepare: (page) => page.getByText('complete').waitFor(),
    },
    {
      name: 'compare',
      address: `#/compare/${irises.join(',')}`,
      prepare: (page) => page.locator('.u-over').first().waitFor(),
    },
    { name: 'sweeps', address: '#/sweeps', prepare: (page) => page.getByText('±').waitFor() },
    {
      name: 'sweep',
      address: `#/sweeps/${sweep}`,
      prepare: (page) => page.getByRole('row').nth(25).waitFor(),
    },
    { name: 'playground-begin', address: '#/playground' },
    {
      name: 'playground',
      address: '#/playground',
      prepare: async (page) => {
        await page.getByRole('button', { name: 'Train', exact: true }).click()
        await page.locator('canvas[data-epoch="500"]').waitFor({ timeout: 20_000 })
      },
    },
    { name: 'lecture', address: '#/lecture', prepare: (page) => page.getByRole('article').nth(14).waitFor() },
    ...demonstrationIds.map((id) => ({
      name: `lecture-${id}`,
      address: `#/lecture/${id}`,
      prepare: async (page: Page) => {
        await page.getByRole('button', { name: /^Run/ }).click()
        await page.getByText(/^(Confirmed|Not confirmed): /).waitFor({ timeout: 120_000 })
      },
    })),
    {
      name: 'new',
      address: '#/new',
      prepare: (page) => page.getByText('150 rows').waitFor(),
    },
    {
      name: 'camera',
      address: '#/camera',
      prepare: async (page) => {
        await page.getByRole('button', { name: 'Use the camera' }).click()
        await page.getByRole('button', { name: 'Record 30' }).first().click()
        await page.getByText('30 pictures').waitFor()
      },
    },
    { name: 'models', address: '#/models', prepare: (page) => page.getByRole('row').nth(2).waitFor() },
    {
      name: 'model',
      address: `#/models/${model}`,
      prepare: (page) => page.locator('.meter').first().waitFor(),
    },
    {
      name: 'shared',
      address: shared.slice(1),
      prepare: (page) => page.getByText('complete', { exact: true }).waitFor(),
    },
    { name: 'nothing', address: '#/elsewhere' },
  ]
}

/** A key, and whether the page got it by joining a workshop, as the page keeps them for its tab. */
async function keep(page: Page, url: string, key: string, isParticipant: boolean): Promise<void> {
  await page.goto(url)
  const stored = { 'descent-key': key, ...(isParticipant ? { 'descent-participant': 'yes' } : {}) }
  await page.evaluate(`Object.assign(sessionStorage, ${JSON.stringify(stored)})`)
}

function listWorkshopShots({
  url,
  id,
  teacherKey,
  participantKey,
}: Awaited<ReturnType<typeof startPictureWorkshop>>): Shot[] {
  const rows = (page: Page) => page.getByRole('row').nth(5).waitFor()
  return [
    { name: 'join', address: '#/join/KQRMTZ' },
    {
      name: 'workshops',
      address: '#/workshops',
      begin: (page) => keep(page, url, teacherKey, false),
      prepare: (page) => page.getByRole('row').nth(1).waitFor(),
    },
    {
      name: 'workshop-control',
      address: `#/workshops/${id}`,
      begin: (page) => keep(page, url, teacherKey, false),
      prepare: rows,
    },
    {
      name: 'workshop',
      address: '#/workshop',
      begin: (page) => keep(page, url, participantKey, true),
      prepare: rows,
    },
  ]
}

async function takeShots(url: string, shots: readonly Shot[]): Promise<void> {
  for (const [size, viewport] of Object.entries(sizes)) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { context, close } = await openBrowser({ viewport, colorScheme, deviceScaleFactor: 1 })
      const page = await context.newPage()
      page.on('pageerror', (error) => console.error(`page error: ${error.message}`))
      page.on('console', (message) => {
        if (message.type() === 'error') console.error(`console: ${message.text()}`)
      })
      for (const shot of shots) {
        if (only !== undefined && !only.split(',').includes(shot.name)) continue
        await shot.begin?.(page)
        await page.goto(`${url}/${shot.address}`)
        await page.reload()
        await shot.prepare?.(page)
        await page.evaluate('scrollTo(0, 0)')
        await page.waitForTimeout(400)
        await page.screenshot({
          path: join(folder, `${shot.name}-${size}-${colorScheme}.png`),
          fullPage: shot.name.startsWith('lecture') || shot.name === 'sweep',
        })
      }
      await close()
    }
  }
}

mkdirSync(folder, { recursive: true })
await demonstrate(async (url) => {
  const prepared = await prepare(url)
  await takeShots(url, listShots(prepared))
  await fetch(`${url}/jobs/${prepared.running}/cancel`, { method: 'POST' })
})
const workshop = await startPictureWorkshop()
await takeShots(workshop.url, listWorkshopShots(workshop)).finally(workshop.stop)
console.log(`pictures are in ${folder}/`)
