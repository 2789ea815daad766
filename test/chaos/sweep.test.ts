/**
 * Kills API and worker processes while a sweep, or a job with repeats and folds, runs: it has each of its trials once,
 * and the same scores, to the last bit, and therefore the same best points, as a sweep that nothing disturbs.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { request } from '../../examples/client.js'
import { maximumRepeats } from '../../src/contract/folds.js'
import { jobSchema } from '../../src/contract/job.js'
import {
  type Sweep,
  sweepSchema,
  sweepSummarySchema,
  type Trial,
  trialSchema,
} from '../../src/contract/sweep.js'
import { underLoad } from '../support/waiting.js'
import { type Cluster, startCluster } from './cluster.js'
import { countStrikes } from './strikes.js'

/** A sweep lasts for a few strikes only. */
const kills = Math.ceil(countStrikes(10) / 5)
const points = 40 * kills

const sweepRequest = {
  name: 'chaos',
  spec: {
    dataset: { name: 'spirals', rows: 200, noise: 0.1, seed: 1 },
    network: {
      layers: [
        { type: 'dense', units: 8, activation: 'tanh' },
        { type: 'dense', units: 1, activation: 'sigmoid' },
      ],
    },
    loss: 'binaryCrossentropy',
    optimizer: { type: 'adam', learningRate: 0.01 },
    epochs: 200,
    batchSize: 10,
    validationSplit: 0.2,
    seed: 1,
  },
  parameters: [
    { path: '/optimizer/learningRate', min: 0.001, max: 0.1, scale: 'log' },
    { path: '/network/layers/0/units', min: 2, max: 12, integer: true },
  ],
  parallelism: 60,
}

interface Case {
  trials: number
  /** Whether trials continue from others. */
  isSharing?: boolean
  /** Returns the id of the sweep. */
  start(url: string): Promise<string>
}

const search = (changes: object): Case => ({
  trials: 2 * points,
  start: async (url) =>
    (await request(`${url}/sweeps`, sweepSummarySchema, { ...sweepRequest, ...changes })).id,
})

const spirals = sweepRequest.spec

/** Each trial lasts longer than CHECKPOINT_SECONDS on any backend, so that others continue from its checkpoints. */
const sharing: Case = {
  trials: 8 * kills,
  isSharing: true,
  start: async (url) => {
    const [, output] = spirals.network.layers
    const hidden = { type: 'dense', units: 128, activation: 'tanh' }
    const schedule = { type: 'step', stepEpochs: 60, factor: 0.5 }
    const { id } = await request(`${url}/sweeps`, sweepSummarySchema, {
      spec: { ...spirals, network: { layers: [hidden, hidden, output] }, batchSize: 4, schedule },
      parameters: [
        { path: '/optimizer/learningRate', min: 0.001, max: 0.01, scale: 'log', steps: 2 * kills },
        { path: '/epochs', values: [120, 240] },
        { path: '/schedule/stepEpochs', values: [60, 120] },
      ],
      parallelism: 60,
    })
    return id
  },
}

const folds = 10
const repeats = Math.min(maximumRepeats, Math.ceil(points / folds))

const cases: Record<string, Case> = {
  'a random search': search({ search: { type: 'random', points, seed: 5 }, seeds: 2 }),
  'successive halving': search({ search: { type: 'asha', points: 2 * points, seed: 5, minimumEpochs: 5 } }),
  'a Parzen estimator': search({ search: { type: 'tpe', points: 2 * points, seed: 5 }, parallelism: 30 }),
  'a grid over epochs and steps': sharing,
  'a job with repeats and folds': {
    trials: repeats * folds,
    async start(url) {
      const { validationSplit: _, ...spec } = sweepRequest.spec
      const { sweep } = await request(`${url}/jobs`, jobSchema, { ...spec, repeats, folds, reuse: false })
      return sweep?.id ?? ''
    },
  },
}

/** Repeats a request while the process that was to answer is down. */
async function patiently<T>(cluster: Cluster, ask: (url: string) => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask(cluster.urls[attempt % cluster.urls.length])
    } catch (error) {
      if (attempt === 100) throw error
      await sleep(100)
    }
  }
}

const read = (cluster: Cluster, id: string) =>
  patiently(cluster, (url) => request(`${url}/sweeps/${id}`, sweepSchema))

async function untilEnded(cluster: Cluster, id: string): Promise<Sweep> {
  for (;;) {
    const sweep = await read(cluster, id)
    if (sweep.status !== 'running') return sweep
    await sleep(200)
  }
}

type TrialOutcome = Pick<Trial, 'trial' | 'values' | 'score'>

async function outcomes(cluster: Cluster, id: string): Promise<TrialOutcome[]> {
  const list = z.object({ data: z.array(trialSchema), lastId: z.string().nullable(), hasMore: z.boolean() })
  const found: TrialOutcome[] = []
  for (let after = ''; ; ) {
    const page = await patiently(cluster, (url) =>
      request(`${url}/sweeps/${id}/trials?limit=1000${after}`, list),
    )
    found.push(...page.data.map(({ trial, values, score }) => ({ trial, values, score })))
    if (!page.hasMore) return found
    after = `&after=${page.lastId}`
  }
}

let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster('PostgreSQL')
}, underLoad(60_000))

afterAll(() => cluster.stop(), underLoad(60_000))

it.each(Object.entries(cases))(
  `%s whose processes are killed ${kills} times has the same trials and the same winner`,
  async (_name, { trials, start, isSharing = false }) => {
    const [url] = cluster.urls
    const undisturbed = await untilEnded(cluster, await start(url))
    expect(undisturbed).toMatchObject({ status: 'succeeded', counts: { failed: 0, refused: 0 } })
    expect(undisturbed.counts.succeeded + undisturbed.counts.cancelled).toBe(trials)

    const id = await start(url)
    let strikes = 0
    for (; strikes < kills && (await read(cluster, id)).status === 'running'; strikes++) {
      await sleep(100 + ((strikes * 37) % 200))
      await cluster.strike(strikes % 2 === 0 ? 'api' : 'worker', strikes >> 1)
    }
    expect(strikes).toBeGreaterThan(1)
    const disturbed = await untilEnded(cluster, id)
    expect(disturbed).toMatchObject({ status: 'succeeded', counts: undisturbed.counts })
    expect(disturbed.epochs).toBe(undisturbed.epochs)
    const found = await outcomes(cluster, id)
    expect(found.map(({ trial }) => trial)).toEqual(Array.from({ length: trials }, (_, index) => index + 1))
    expect(found).toEqual(await outcomes(cluster, undisturbed.id))
    const winners = ({ best }: Sweep) => best.map(({ point, score, values }) => ({ point, score, values }))
    expect(winners(disturbed)).toEqual(winners(undisturbed))
    // A kill may come before any checkpoint, and the trials then go on from their own.
    expect(undisturbed.continuedEpochs > 0).toBe(isSharing)
    for (const { epochs, continuedEpochs } of [undisturbed, disturbed]) {
      if (!isSharing) expect(continuedEpochs).toBe(0)
      console.log(`sweep: ${strikes} strikes, ${trials} trials, ${epochs} epochs, ${continuedEpochs} shared`)
    }
  },
  180_000 + kills * 20_000,
)
