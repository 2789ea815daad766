/** Jobs with repeats and folds: a training, and beside it the trials that measure it. */
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { request, submit } from '../../examples/client.js'
import { datasetRowsSchema } from '../../src/contract/dataset.js'
import { type Job, jobSchema } from '../../src/contract/job.js'
import type { jobRequestSchema } from '../../src/contract/job-request.js'
import { evaluatedModelSchema, predictionsSchema } from '../../src/contract/model.js'
import {
  jobComparisonSchema,
  outOfFoldSchema,
  type RepeatMetric,
  type Repeats,
  repeatsSchema,
} from '../../src/contract/repeats.js'
import { type Sweep, sweepSchema, type Trial, trialSchema } from '../../src/contract/sweep.js'
import { eventually } from '../support/service.js'
import { sharedService } from '../support/shared.js'

let service: { url: string }
beforeAll(async () => {
  service = await sharedService()
}, 60_000)

const iris = {
  dataset: 'iris',
  network: {
    layers: [
      { type: 'dense', units: 8, activation: 'tanh' },
      { type: 'dense', units: 3, activation: 'softmax' },
    ],
  },
  loss: 'categoricalCrossentropy',
  optimizer: { type: 'adam', learningRate: 0.02 },
  epochs: 10,
  seed: 3,
} satisfies z.input<typeof jobRequestSchema>

async function ended(changes: object): Promise<{ job: Job; sweep: Sweep; trials: Trial[] }> {
  const { id } = await submit(service.url, { ...iris, ...changes })
  const first = await request(`${service.url}/jobs/${id}`, jobSchema)
  const sweep = await eventually(async () => {
    const found = await request(`${service.url}/sweeps/${first.sweep?.id}`, sweepSchema)
    return found.status === 'running' ? undefined : found
  })
  const job = await request(`${service.url}/jobs/${id}`, jobSchema)
  const list = z.object({ data: z.array(trialSchema) })
  const { data } = await request(`${service.url}/sweeps/${sweep.id}/trials?limit=1000`, list)
  return { job, sweep, trials: data }
}

const jobOf = ({ jobId }: Trial) => request(`${service.url}/jobs/${jobId}`, jobSchema)

async function weightsOf(modelId: string | null): Promise<string> {
  const response = await fetch(`${service.url}/models/${modelId}/export?format=safetensors`)
  const bytes = Buffer.from(await response.arrayBuffer())
  // Without the header, which has the id of the model.
  return bytes.subarray(8 + Number(bytes.readBigUInt64LE())).toString('base64')
}

describe('a job with repeats', () => {
  it('is the first of trainings that differ in the seed alone', async () => {
    const { job, sweep, trials } = await ended({ name: 'three', repeats: 3, validationSplit: 0.2 })
    expect(job).toMatchObject({
      status: 'succeeded',
      spec: { repeats: 3 },
      sweep: { id: sweep.id, trial: 1 },
    })
    expect(sweep).toMatchObject({ status: 'succeeded', jobId: job.id, trials: 3, counts: { succeeded: 3 } })
    expect(trials.map(({ seed, jobId }) => [seed, jobId === job.id])).toEqual([
      [3, true],
      [4, false],
      [5, false],
    ])
    const { repeats: _, ...spec } = job.spec
    for (const [index, trial] of trials.slice(1).entries()) {
      const repeat = await jobOf(trial)
      expect(repeat.spec).toEqual({ ...spec, seed: 4 + index })
      expect(repeat.name).toBe(`three repeat ${index + 2}`)
    }
  })
})

describe('a job with folds', () => {
  it('trains on all rows, and each trial without its fold', async () => {
    const { job, sweep, trials } = await ended({ name: 'five', folds: 5 })
    expect(job).toMatchObject({ status: 'succeeded', sweep: { trial: 0 }, metrics: { valLoss: null } })
    expect(sweep).toMatchObject({ trials: 5, counts: { succeeded: 5 }, folds: 5, seeds: 1 })
    expect(trials.map(({ trial, fold, seed }) => [trial, fold, seed])).toEqual(
      [1, 2, 3, 4, 5].map((n) => [n, n, 3]),
    )
    const held = []
    for (const trial of trials) {
      const { spec, metrics } = await jobOf(trial)
      expect(spec.validationFold).toEqual({ folds: 5, fold: trial.fold, seed: 3 })
      expect(metrics.valLoss).toBe(trial.score)
      const rows = await request(
        `${service.url}/jobs/${trial.jobId}/rows?split=validation&limit=1000`,
        datasetRowsSchema,
      )
      held.push(...rows.numbers)
    }
    expect(held.sort((a, b) => a - b)).toEqual(Array.from({ length: 150 }, (_, row) => row))
  })

  it('has the model of the same job without folds', async () => {
    const { job } = await ended({ folds: 3, repeats: 2 })
    const { id } = await submit(service.url, iris)
    const single = await eventually(async () => {
      const { modelId } = await request(`${service.url}/jobs/${id}`, jobSchema)
      return modelId ?? undefined
    })
    const url = (model: string | null) => `${service.url}/models/${model}`
    const [a, b] = await Promise.all([
      request(url(job.modelId), evaluatedModelSchema),
      request(url(single), evaluatedModelSchema),
    ])
    expect(a.evaluation).toEqual(b.evaluation)
    expect(a.metrics).toEqual(b.metrics)
    expect(await weightsOf(job.modelId)).toEqual(await weightsOf(single))
  })

  it('shuffles the folds anew for each repeat', async () => {
    const { trials } = await ended({ folds: 2, repeats: 2 })
    const specs = (await Promise.all(trials.map(jobOf))).map(({ spec }) => [spec.seed, spec.validationFold])
    expect(specs).toEqual([
      [3, { folds: 2, fold: 1, seed: 3 }],
      [3, { folds: 2, fold: 2, seed: 3 }],
      [4, { folds: 2, fold: 1, seed: 4 }],
      [4, { folds: 2, fold: 2, seed: 4 }],
    ])
  })

  it('accepts rows in the request', async () => {
    const [, ...lines] = readFileSync('examples/iris.csv', 'utf8').trim().split('\n')
    const rows = lines.filter((_, row) => row % 5 === 0).map((line) => line.split(','))
    const x = rows.map((cells) => cells.slice(0, 4).map(Number))
    const names = ['setosa', 'versicolor', 'virginica']
    const y = rows.map((cells) => names.findIndex((name) => cells[4].includes(name)))
    const { sweep } = await ended({ dataset: { x, y }, folds: 3 })
    expect(sweep.counts.succeeded).toBe(3)
  })
})

const repeatsOf = (id: string, query = '') =>
  request(`${service.url}/jobs/${id}/repeats${query}`, repeatsSchema)

describe('the repeats of a job', () => {
  it('have the mean, the sample deviation and the interval of the trials', async () => {
    const { job, sweep, trials } = await ended({ folds: 4 })
    const repeats = await repeatsOf(job.id)
    expect(repeats).toMatchObject({
      sweepId: sweep.id,
      status: 'succeeded',
      repeats: 1,
      folds: 4,
      total: 4,
      done: 4,
    })
    expect(repeats.trials.map(({ fold, repeat, jobId }) => [fold, repeat, jobId])).toEqual(
      trials.map(({ fold, jobId }) => [fold, 1, jobId]),
    )
    const scores = trials.map(({ score }) => score ?? 0)
    const mean = scores.reduce((sum, score) => sum + score) / 4
    const deviation = Math.sqrt(scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / 3)
    // 3.1824 is the 97.5 % quantile of t with 3 degrees of freedom, as in tables; four folds share 1/3.
    const margin = 3.182446305 * deviation * Math.sqrt(1 / 4 + 1 / 3)
    expect(repeats.metrics.valLoss).toEqual({
      ...{ n: 4, mean: expect.closeTo(mean, 12), deviation: expect.closeTo(deviation, 12) },
      interval: {
        level: 0.95,
        low: expect.closeTo(mean - margin, 8),
        high: expect.closeTo(mean + margin, 8),
      },
    })
    // The sweep computes the same in the database.
    expect(sweep.best[0]).toMatchObject({
      score: expect.closeTo(mean, 12),
      deviation: expect.closeTo(deviation, 12),
    })
  })

  it('have a band of curves', async () => {
    const { job, trials } = await ended({ repeats: 3 })
    const { curves } = await repeatsOf(job.id)
    expect(curves.map(({ epoch, n }) => [epoch, n])).toEqual(
      Array.from({ length: 10 }, (_, index) => [index + 1, 3]),
    )
    const list = z.object({ data: z.array(z.object({ loss: z.number() })) })
    const third = await Promise.all(
      trials.map(
        async ({ jobId }) => (await request(`${service.url}/jobs/${jobId}/epochs`, list)).data[2].loss,
      ),
    )
    const mean = third.reduce((sum, loss) => sum + loss) / 3
    const deviation = Math.sqrt(third.reduce((sum, loss) => sum + (loss - mean) ** 2, 0) / 2)
    expect(curves[2].loss).toEqual([expect.closeTo(mean, 12), expect.closeTo(deviation, 12)])
    expect(curves[2].valLoss).toBeNull()
    expect((await repeatsOf(job.id, '?points=4')).curves.map(({ epoch }) => epoch)).toEqual([1, 4, 7, 10])
    expect((await repeatsOf(job.id, '?points=0')).curves).toEqual([])
  })

  it('of a single training do not exist', async () => {
    const { id } = await submit(service.url, iris)
    await expect(repeatsOf(id)).rejects.toThrow(`Job ${id} is a single training`)
  })
})

describe('a comparison of jobs', () => {
  const compare = (one: Job, other: Job, query = '') =>
    request(`${service.url}/jobs/${one.id}/comparison?with=${other.id}${query}`, jobComparisonSchema)
  const valuesOf = ({ trials }: Repeats, metric: RepeatMetric) => trials.map(({ metrics }) => metrics[metric])

  it('tells a difference from the spread of the seeds', async () => {
    const [long, short, same] = [
      await ended({ repeats: 4, validationSplit: 0.3, epochs: 40 }),
      await ended({ repeats: 4, validationSplit: 0.3, epochs: 1 }),
      await ended({ repeats: 4, validationSplit: 0.3, epochs: 40, seed: 50 }),
    ]
    const large = await compare(long.job, short.job, '&metric=valLoss')
    expect(large).toMatchObject({ metric: 'valLoss', verdict: 'larger', notices: [] })
    // Each seed of both has the same validation rows.
    expect(large).toMatchObject({ test: 'paired', degreesOfFreedom: 3 })
    expect(await compare(long.job, short.job, '&metric=loss')).toMatchObject({ test: 'paired' })
    expect(large.text).toMatch(
      /^The difference of [\d.]+ is larger than the spread of the repeats explains\.$/,
    )
    expect(large.pValue).toBeLessThan(0.05)
    const values = valuesOf(await repeatsOf(long.job.id), 'valLoss').map(Number)
    expect(large.job.value).toBeCloseTo(values.reduce((sum, value) => sum + value) / 4, 12)
    const back = await compare(short.job, long.job, '&metric=valLoss')
    expect(back.difference).toBe(-(large.difference ?? 0))
    const small = await compare(long.job, same.job)
    expect(small).toMatchObject({ metric: 'valAccuracy', verdict: 'notLarger' })
    expect(small).toMatchObject({ test: 'welch' })
    expect(small.interval?.low).toBeLessThan(0)
    expect(small.interval?.high).toBeGreaterThan(0)
  })

  it('compares fold by fold if both have the same folds', async () => {
    const [one, other, shuffled] = [
      await ended({ folds: 3 }),
      await ended({ folds: 3, epochs: 11 }),
      await ended({ folds: 3, epochs: 11, seed: 8 }),
    ]
    const paired = await compare(one.job, other.job, '&metric=valLoss')
    expect(paired).toMatchObject({ test: 'paired', degreesOfFreedom: 2, notices: [] })
    const [first, second] = [await repeatsOf(one.job.id), await repeatsOf(other.job.id)]
    const differences = valuesOf(first, 'valLoss').map(
      (value, fold) => Number(value) - Number(valuesOf(second, 'valLoss')[fold]),
    )
    const mean = differences.reduce((sum, value) => sum + value) / 3
    const variance = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 2
    // 4.302653 is the 97.5 % quantile of t with 2 degrees of freedom, as in tables; three folds share 1/2.
    const margin = 4.302653 * Math.sqrt(variance * (1 / 3 + 1 / 2))
    expect(paired.interval?.low).toBeCloseTo(mean - margin, 6)
    expect(paired.interval?.high).toBeCloseTo(mean + margin, 6)
    expect(await compare(one.job, shuffled.job, '&metric=valLoss')).toMatchObject({ test: 'welch' })
    expect(await compare(one.job, other.job, '&metric=loss')).toMatchObject({ test: 'welch' })
  })

  it('is unknown without repeats', async () => {
    const { job } = await ended({ repeats: 2 })
    const { id } = await submit(service.url, { ...iris, name: 'alone', seed: 77 })
    const single = await eventually(async () => {
      const found = await request(`${service.url}/jobs/${id}`, jobSchema)
      return found.status === 'succeeded' ? found : undefined
    })
    const unknown = await compare(job, single)
    expect(unknown).toMatchObject({ metric: 'loss', verdict: 'unknown', interval: null, pValue: null })
    expect(unknown.text).toMatch(/^Unknown: alone is trained once\. Start it with "repeats" or "folds"/)
    expect(unknown.difference).toBeCloseTo((unknown.job.value ?? 0) - (single.metrics.loss ?? 0), 12)
  })
})

describe('out-of-fold predictions', () => {
  const outOfFold = (id: string, query: string) =>
    request(`${service.url}/jobs/${id}/repeats/predictions${query}`, outOfFoldSchema)

  it('are those of the models that did not train on the rows', async () => {
    const { job, trials } = await ended({ folds: 3, testSplit: 0.2 })
    const [first, second] = [
      await outOfFold(job.id, '?limit=70'),
      await outOfFold(job.id, '?offset=70&limit=1000'),
    ]
    expect([first.hasMore, second.hasMore]).toEqual([true, false])
    const rows = [...first.rows, ...second.rows]
    const training = await request(
      `${service.url}/jobs/${job.id}/rows?split=training&limit=1000`,
      datasetRowsSchema,
    )
    expect(rows.map(({ row }) => row)).toEqual(training.numbers)
    let right = 0
    for (const trial of trials) {
      const held = await request(
        `${service.url}/jobs/${trial.jobId}/rows?split=validation&limit=1000`,
        datasetRowsSchema,
      )
      const inputs = held.data.map((cells) => cells.slice(0, 4))
      const body = { inputs }
      const { predictions } = await request(
        `${service.url}/models/${trial.modelId}/predict`,
        predictionsSchema,
        body,
      )
      const found = held.numbers.map((number) => rows.find(({ row }) => row === number))
      expect(found.map((each) => each?.fold)).toEqual(held.numbers.map(() => trial.fold))
      // Other rows in a batch may change the last bit.
      for (const [index, expected] of predictions.entries()) {
        expect(found[index]?.prediction?.label).toBe(expected?.label)
        const close = expected?.output.map((value) => expect.closeTo(value, 5))
        expect(found[index]?.prediction?.output).toEqual(close)
      }
      expect(found.map((each) => each?.truth)).toEqual(held.data.map((cells) => [cells[4]]))
      right += found.filter((each) => each?.prediction?.label === each?.truth[0]).length
    }
    // The mean accuracy of equal folds is the share of right predictions.
    const { metrics, outOfFold: pooled } = await repeatsOf(job.id)
    expect(metrics.valAccuracy?.mean).toBeCloseTo(right / 120, 6)
    const classes = ['setosa', 'versicolor', 'virginica']
    const count = (truth: string, label: string) =>
      rows.filter((row) => row.truth[0] === truth && row.prediction?.label === label).length
    expect(pooled).toEqual({
      ...{ type: 'classification', count: 120, classes, accuracy: right / 120 },
      confusion: classes.map((truth) => classes.map((label) => count(truth, label))),
    })
  })

  it('need folds', async () => {
    const { job } = await ended({ repeats: 2 })
    await expect(outOfFold(job.id, '')).rejects.toThrow(`Job ${job.id} has repeats, but no folds.`)
  })
})
