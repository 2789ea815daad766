/** Successive halving: decisions of Ray on recorded traces, and the same decisions in any order of results. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { HalvedTrial, SweepDefinition } from '../../../src/training/ports/sweeps.js'
import { SweepDecisions } from '../../../src/training/sweeps/decisions.js'
import { bracketOf, firstPause, Rung, rungEpochs } from '../../../src/training/sweeps/halving.js'
import { sweepDefinition } from '../../support/sweep-definition.js'
import { testSeeds } from '../../support/test-seeds.js'

const traces = z
  .array(
    z.object({
      minimumEpochs: z.int(),
      epochs: z.int(),
      reduction: z.int(),
      bracket: z.int(),
      rungs: z.array(z.int()),
      /** Trial, epoch, reward and action, at the rungs. */
      results: z.array(z.tuple([z.int(), z.int(), z.number(), z.enum(['CONTINUE', 'STOP'])])),
    }),
  )
  .parse(JSON.parse(readFileSync(new URL('../../fixtures/ray/asha.json', import.meta.url), 'utf8')))

function definition(changes: object, epochs: number, metric = 'accuracy'): SweepDefinition {
  const search = { type: 'asha', points: 100, minimumEpochs: 1, ...changes }
  const request = { spec: {}, parameters: [{ path: '/a', values: [1] }], metric, search }
  return sweepDefinition(request, epochs)
}

function asha(changes: object) {
  const { search } = definition(changes, 1)
  if (search.type !== 'asha') throw new Error('not asha')
  return search
}

describe('Ray', () => {
  it.each(
    traces.map((trace, index) => [index, trace] as const),
  )('makes the decisions of trace %i', (_index, trace) => {
    const { minimumEpochs, epochs, reduction, bracket } = trace
    const search = asha({ minimumEpochs, reduction })
    const rungs = rungEpochs(search, epochs, bracket)
    expect(rungs).toEqual(trace.rungs.filter((epoch) => epoch < epochs))
    expect(trace.results.length).toBeGreaterThan(25)
    const recorded = rungs.map(() => new Rung('maximize', reduction))
    for (const [trial, epoch, reward, action] of trace.results) {
      const decided = recorded[rungs.indexOf(epoch)].decide(reward)
      expect(`${trial} ${epoch} ${decided.toUpperCase()}`).toBe(`${trial} ${epoch} ${action}`)
    }
  })
})

it('stops losses that are too high', () => {
  const rung = new Rung('minimize', 2)
  expect([0.5, 0.4, 0.6, 0.44].map((loss) => rung.decide(loss))).toEqual([
    'continue',
    'continue',
    'stop',
    'continue',
  ])
})

it('draws later brackets less often, by e per rung', () => {
  // 100 epochs by 4 from 1: 4, 3 and 2 rungs, so weights 1, 1/e and 1/e².
  const search = asha({ brackets: 3 })
  const drawn = Array.from({ length: 6_000 }, (_, trial) => bracketOf(search, 100, trial + 1))
  const shares = [0, 1, 2].map((bracket) => drawn.filter((each) => each === bracket).length / drawn.length)
  const sum = 1 + Math.exp(-1) + Math.exp(-2)
  // Four standard deviations of a share are below 0.026.
  for (const [bracket, share] of shares.entries()) {
    expect(Math.abs(share - Math.exp(-bracket) / sum)).toBeLessThan(0.026)
  }
})

type SimulatedTrial = HalvedTrial & { pauseAfter: number | null }

/** A sweep of `trials`, created in batches, whose trials come to their next pause in the order that `pick` chooses. */
async function simulate(
  sweep: SweepDefinition,
  score: (trial: number, epoch: number) => number,
  trials: number,
  pick: () => number,
) {
  const state: SimulatedTrial[] = []
  const log: string[] = []
  const reads = { passes: 0, trials: 0 }
  const store = {
    async halvedTrials(_id: string, numbers: readonly number[]) {
      reads.trials += numbers.length
      return numbers.map((number) => ({ ...state[number - 1] }))
    },
  }
  let decisions = new SweepDecisions(store)
  const create = (count: number) => {
    for (let trial = state.length + 1; count > 0 && trial <= trials; trial++, count--) {
      const pauseAfter = firstPause(sweep, trial)
      state.push({ trial, jobId: `job_${trial}`, state: 'unfinished', rungs: [], score: null, pauseAfter })
    }
  }
  const pass = async () => {
    reads.passes++
    const waiting = state.filter((trial) => trial.state === 'waiting').map((trial) => ({ ...trial }))
    if (waiting.length === 0) return
    const unfinished = state.filter((trial) => trial.state !== 'ended').map(({ trial }) => trial)
    const made = await decisions.next({
      ...{
        id: 'sweep',
        tenantId: 'local',
        created: state.length,
        unfinished,
        waiting,
        definition: () => sweep,
      },
    })
    // A sweep that is paused meanwhile applies no decision.
    if (pick() % 7 === 0) return
    for (const { jobId, action, score: value, pauseAfter } of made) {
      const decided = state.find((each) => each.jobId === jobId)
      if (decided === undefined) throw new Error(jobId)
      log.push(`${jobId} ${decided.pauseAfter} ${action}`)
      decided.rungs = [...decided.rungs, value]
      decided.state = action === 'stop' ? 'ended' : 'unfinished'
      decided.pauseAfter = pauseAfter
    }
  }
  for (;;) {
    if (pick() % 3 === 0) create(1 + (pick() % 8))
    if (pick() % 11 === 0) decisions = new SweepDecisions(store)
    const running = state.filter((trial) => trial.state === 'unfinished')
    if (running.length > 0) {
      const trial = running[pick() % running.length]
      if (trial.pauseAfter === null) trial.state = 'ended'
      else Object.assign(trial, { state: 'waiting', score: score(trial.trial, trial.pauseAfter) })
    } else if (state.length < trials) create(1)
    else if (state.every((trial) => trial.state === 'ended')) return { log: log.toSorted(), reads }
    await pass()
  }
}

// A metric that orders trials differently at each epoch.
const mixed = (trial: number, epoch: number) => ((trial * 7919 + epoch * 104_729) % 1_000) / 1_000

it('decides the same in any order of results, whenever a process is replaced, and leaves no trial waiting', async () => {
  const sweep = definition({ reduction: 2, brackets: 2 }, 20)
  let calls = 0
  const inOrder = await simulate(sweep, mixed, 30, () => 1 + 3 * (calls++ % 2))
  expect(inOrder.log.length).toBeGreaterThan(40)
  expect(inOrder.log.some((entry) => entry.endsWith('stop'))).toBe(true)
  await fc.assert(
    fc.asyncProperty(fc.infiniteStream(fc.nat(1_000)), async (picks) => {
      const { log } = await simulate(sweep, mixed, 30, () => picks.next().value)
      expect(log).toEqual(inOrder.log)
    }),
    { numRuns: 40, seed: testSeeds(1)[0] },
  )
})

it('reads each trial when it is created, decided and ended, however many there are', async () => {
  const sweep = definition({ minimumEpochs: 4 }, 100)
  let calls = 0
  const { log, reads } = await simulate(sweep, mixed, 400, () => 1 + 3 * (calls++ % 2))
  expect(reads.passes).toBeGreaterThan(400)
  expect(reads.trials).toBeLessThanOrEqual(2 * (400 + log.length))
})

describe('a trial that ended without coming to a rung', () => {
  const sweep = definition({ minimumEpochs: 2 }, 20)
  const trial = (number: number, changes: object): HalvedTrial => ({
    ...{ trial: number, jobId: `job_${number}`, state: 'waiting', rungs: [], score: 0.5 },
    ...changes,
  })
  const decide = (first: HalvedTrial[], unfinished: number[]) =>
    new SweepDecisions({ halvedTrials: async () => first }).next({
      ...{
        id: 'sweep',
        tenantId: 'local',
        created: 2,
        unfinished,
        waiting: [trial(2, {})],
        definition: () => sweep,
      },
    })
  const passed = [{ jobId: 'job_2', rung: 0, score: 0.5, action: 'continue', pauseAfter: 8 }]

  it('lets the next one pass', async () => {
    expect(await decide([trial(1, { state: 'ended', score: null })], [2])).toEqual(passed)
  })

  it('may have been refused or deleted', async () => {
    expect(await decide([], [2])).toEqual(passed)
  })

  it('is awaited', async () => {
    expect(await decide([trial(1, { state: 'unfinished', score: null })], [1, 2])).toEqual([])
  })
})
