/** A trained model comes with its evaluation, which is what asking it row by row gives. */
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { request } from '../../examples/client.js'
import { datasetRowsSchema, datasetSchema } from '../../src/contract/dataset.js'
import { jobSchema } from '../../src/contract/job.js'
import type { jobRequestSchema } from '../../src/contract/job-request.js'
import { type EvaluatedModel, evaluatedModelSchema, predictionsSchema } from '../../src/contract/model.js'
import { modelEvaluationSchema } from '../../src/contract/model-evaluation.js'
import { sharedService } from '../support/shared.js'
import { trainedModel } from '../support/trained.js'

let service: { url: string }
beforeAll(async () => {
  service = await sharedService()
}, 60_000)
async function upload(csv: string, target: string): Promise<string> {
  const { id } = await request(`${service.url}/datasets?target=${target}`, datasetSchema, Buffer.from(csv))
  return id
}

const trained = (job: z.input<typeof jobRequestSchema>) => trainedModel(service.url, job)

async function predictions({ links }: EvaluatedModel, inputs: (string | number)[][]) {
  return (await request(`${service.url}${links.predict}`, predictionsSchema, { inputs })).predictions
}

const dense = (units: number, activation: 'tanh' | 'softmax' | 'sigmoid' | 'linear') => ({
  type: 'dense' as const,
  units,
  activation,
})
const adam = { type: 'adam' as const, learningRate: 0.02 }

const [header, ...flowers] = readFileSync('examples/iris.csv', 'utf8').trim().split('\n')

describe('the evaluation', () => {
  it('is the same for its validation rows as a dataset, as rows, and as a file', async () => {
    const dataset = await upload([header, ...flowers].join('\n'), 'species')
    const model = await trained({
      dataset,
      network: { layers: [dense(8, 'tanh'), dense(3, 'softmax')] },
      loss: 'categoricalCrossentropy',
      epochs: 20,
      validationSplit: 0.2,
      seed: 3,
    })
    const rowsOf = (split: string) =>
      request(`${service.url}/jobs/${model.jobId}/rows?split=${split}&limit=1000`, datasetRowsSchema)
    const [held, kept] = await Promise.all([rowsOf('validation'), rowsOf('training')])
    expect([...held.numbers, ...kept.numbers].sort((a, b) => a - b)).toEqual([...flowers.keys()])
    // Stratified: ten of each of the three species of fifty.
    const species = held.data.map((row) => row.at(-1))
    for (const name of model.classes ?? []) expect(species.filter((each) => each === name)).toHaveLength(10)
    const evaluate = (body: object) =>
      request(`${service.url}/models/${model.id}/evaluate`, modelEvaluationSchema, body)
    const expected = { ...model.evaluation, rows: 'given' }
    const rows = held.data.map((row) => {
      return Object.fromEntries(held.columns.map((name, position) => [name, row[position]]))
    })
    expect((await evaluate({ rows })).evaluation).toEqual(expected)
    const file = [header, ...held.numbers.map((row) => flowers[row])].join('\n')
    expect((await evaluate(Buffer.from(file))).evaluation).toEqual(expected)
    expect((await evaluate({ dataset: await upload(file, 'species') })).evaluation).toEqual(expected)
  })

  it.each([
    [
      'of a target on another scale',
      'price',
      (row: number) => 250_000 + 1_500 * row + 7 * ((row * 7_919) % 1_000),
    ],
    ['of yes and no', 'sold', (row: number) => (row % 7 < 3 ? 'True' : 'False')],
  ])('%s, with gaps, categories and dates, is the same of the rows sent back', async (_, target, value) => {
    const towns = ['Ulm', 'Köln', '', 'Bonn']
    const lines = Array.from({ length: 120 }, (_, row) => {
      const size = row % 11 === 0 ? '' : 40 + row
      const day = new Date(Date.UTC(2020, 0, 1 + 9 * row)).toISOString().slice(0, 10)
      return [size, towns[(row * row) % 4], day, value(row)].join(',')
    })
    const header = `size,town,built,${target}`
    const dataset = await upload([header, ...lines].join('\n'), target)
    const model = await trained({ dataset, validationSplit: 0.25, epochs: 12, seed: 2 })
    const { numbers } = await request(
      `${service.url}/jobs/${model.jobId}/rows?split=validation&limit=100`,
      datasetRowsSchema,
    )
    const file = [header, ...numbers.map((row) => lines[row])].join('\n')
    const { evaluation, droppedRows } = await request(
      `${service.url}/models/${model.id}/evaluate`,
      modelEvaluationSchema,
      Buffer.from(file),
    )
    expect(evaluation).toEqual({ ...model.evaluation, rows: 'given' })
    expect([evaluation.count, evaluation.unanswered, droppedRows]).toEqual([30, 0, 0])
  })

  it('of other rows names what does not fit the model', async () => {
    const model = await trained({
      dataset: 'xor',
      network: { layers: [dense(1, 'sigmoid')] },
      loss: 'binaryCrossentropy',
      epochs: 1,
    })
    const evaluate = (body: object) =>
      request(`${service.url}/models/${model.id}/evaluate`, modelEvaluationSchema, body)
    await expect(evaluate({ dataset: 'iris' })).rejects.toThrow(/x1, x2/)
    await expect(evaluate({ dataset: 'nothing' })).rejects.toThrow('There is no dataset nothing')
    await expect(evaluate({ rows: [{ x1: 1, y: 1 }] })).rejects.toThrow('x2')
  })

  it('of a job with a dataset alone uses folds, and the final training uses all rows', async () => {
    const dataset = await upload([header, ...flowers].join('\n'), 'species')
    const model = await trained({ dataset, seed: 1 })
    const job = await request(`${service.url}/jobs/${model.jobId}`, jobSchema)
    expect(job.epochs).toBeLessThanOrEqual(300)
    expect(job).toMatchObject({
      epoch: job.epochs,
      bestEpoch: null,
      spec: { epochs: 300, targetScaling: 'none' },
    })
    expect(model).toMatchObject({ epoch: job.epoch, metrics: job.metrics })
    const { evaluation } = model
    if (evaluation?.type !== 'classification') throw new Error('is no classification')
    expect(evaluation).toMatchObject({ rows: 'folds', available: 150, count: 150, unanswered: 0 })
    // A linear discriminant gets 147 of 150 by leaving one out (R. A. Fisher, 1936; scikit-learn's LDA).
    expect(evaluation.right).toBeGreaterThanOrEqual(140)
  })

  it('agrees exactly with the metrics of the restored weights', async () => {
    const model = await trained({
      dataset: { name: 'moons', rows: 60, noise: 0.5 },
      network: { layers: [dense(16, 'tanh'), dense(1, 'sigmoid')] },
      loss: 'binaryCrossentropy',
      optimizer: adam,
      epochs: 500,
      validationSplit: 0.3,
      earlyStopping: { patience: 8 },
      seed: 3,
    })
    const { evaluation, metrics, epoch } = model
    if (evaluation?.type !== 'classification') throw new Error('is no classification')
    expect([evaluation.rows, evaluation.count]).toEqual(['validation', 18])
    expect(metrics.valAccuracy).toBe(evaluation.right / 18)
    const job = await request(`${service.url}/jobs/${model.jobId}`, jobSchema)
    expect(job.bestEpoch).toBe(epoch)
    expect(job.epoch).toBe((epoch ?? 0) + 8)
    expect(job.metrics).toEqual(metrics)
  })

  it('of a classifier is the confusion of its predictions on the validation rows', async () => {
    const held = flowers.filter((_, row) => row % 3 === 0)
    const rest = flowers.filter((_, row) => row % 3 !== 0)
    const model = await trained({
      dataset: await upload([header, ...rest].join('\n'), 'species'),
      validationDataset: await upload([header, ...held].join('\n'), 'species'),
      network: { layers: [dense(3, 'softmax')] },
      loss: 'categoricalCrossentropy',
      optimizer: adam,
      epochs: 5,
      seed: 2,
    })
    const rows = held.map((line) => line.split(','))
    const answers = await predictions(
      model,
      rows.map((row) => row.slice(0, 4).map(Number)),
    )
    const classes = model.classes ?? []
    const confusion = classes.map(() => classes.map(() => 0))
    for (const [index, answer] of answers.entries()) {
      confusion[classes.indexOf(rows[index][4])][classes.indexOf(answer?.label ?? '')]++
    }
    const right = confusion.reduce((sum, row, position) => sum + row[position], 0)
    expect(model.evaluation).toMatchObject({
      type: 'classification',
      rows: 'validation',
      available: 50,
      count: 50,
      unanswered: 0,
      classes,
      right,
      confusion,
      accuracy: expect.closeTo(right / 50),
    })
    expect(right / 50).toBeCloseTo(model.metrics.valAccuracy ?? 0, 6)
    // Not learned to the end, so that the matrix is more than its diagonal.
    expect(right).toBeLessThan(50)
  })

  it('of a regression pairs targets with predictions, those of the best weights if they were restored', async () => {
    const line = (count: number, noise: number, from: number) =>
      Array.from({ length: count }, (_, row) => {
        const x = from + row * 0.37
        return [x, 1_000 * Math.sin(x) + noise * ((row * 7_919) % 13)]
      })
    const csv = (rows: number[][]) => ['x,y', ...rows.map((row) => row.join(','))].join('\n')
    const held = line(40, 5, 0.1)
    const model = await trained({
      dataset: await upload(csv(line(30, 90, 0)), 'y'),
      validationDataset: await upload(csv(held), 'y'),
      network: { layers: [dense(16, 'tanh'), dense(1, 'linear')] },
      loss: 'meanSquaredError',
      optimizer: { ...adam, learningRate: 0.5 },
      earlyStopping: { patience: 30, restoreBest: true },
      epochs: 5_000,
      seed: 3,
    })
    const { epoch } = await request(`${service.url}/jobs/${model.jobId}`, jobSchema)
    expect(epoch).toBeLessThan(5_000)
    const answers = await predictions(
      model,
      held.map(([x]) => [x]),
    )
    const pairs = held.map(([, y], row) => [y, answers[row]?.output[0] ?? Number.NaN])
    const errors = pairs.map(([actual, predicted]) => predicted - actual)
    const squares = errors.reduce((sum, error) => sum + error ** 2, 0)
    const mean = pairs.reduce((sum, [actual]) => sum + actual, 0) / 40
    const spread = pairs.reduce((sum, [actual]) => sum + (actual - mean) ** 2, 0)
    // Targets are trained on another scale in 32 bits, which keeps seven digits of 1,000.
    expect(model.evaluation).toMatchObject({
      type: 'regression',
      rows: 'validation',
      available: 40,
      count: 40,
      unanswered: 0,
      targets: [
        {
          name: 'y',
          rmse: expect.closeTo(Math.sqrt(squares / 40), 2),
          mae: expect.closeTo(errors.reduce((sum, error) => sum + Math.abs(error), 0) / 40, 2),
          r2: expect.closeTo(1 - squares / spread, 5),
          pairs: pairs.map((pair) => pair.map((value) => expect.closeTo(value, 2))),
        },
      ],
    })
  })

  it('of several labels counts each', async () => {
    const rows = Array.from({ length: 24 }, (_, row) => [
      row % 4,
      row % 3,
      row % 4 > 1,
      (row % 4) + (row % 3) > 2,
    ])
    const model = await trained({
      dataset: await upload(['a,b,big,much', ...rows.map((row) => row.join(','))].join('\n'), 'big,much'),
      network: { layers: [dense(2, 'sigmoid')] },
      loss: 'binaryCrossentropy',
      optimizer: adam,
      epochs: 20,
      seed: 1,
    })
    const answers = await predictions(
      model,
      rows.map(([a, b]) => [Number(a), Number(b)]),
    )
    const labels = ['big', 'much'].map((name, position) => {
      const confusion = [
        [0, 0],
        [0, 0],
      ]
      for (const [index, row] of rows.entries()) {
        confusion[Number(row[2 + position])][answers[index]?.labels?.includes(name) ? 1 : 0]++
      }
      return { name, confusion }
    })
    expect(model.evaluation).toMatchObject({
      type: 'multiLabel',
      rows: 'training',
      available: 24,
      count: 24,
      unanswered: 0,
      labels,
    })
  })

  it('is marked as one of the training rows if there are no others', async () => {
    const model = await trained({
      dataset: 'xor',
      network: { layers: [dense(4, 'tanh'), dense(1, 'sigmoid')] },
      loss: 'binaryCrossentropy',
      optimizer: { ...adam, learningRate: 0.1 },
      epochs: 500,
      seed: 42,
    })
    expect(model.evaluation).toMatchObject({
      rows: 'training',
      count: 4,
      classes: ['0', '1'],
      confusion: [
        [2, 0],
        [0, 2],
      ],
    })
  })

  it('of very many rows samples them evenly', { timeout: 60_000 }, async () => {
    const rows = Array.from({ length: 120_000 }, (_, row) => `${row / 2},${row}`)
    const model = await trained({
      dataset: await upload(['x,y', ...rows].join('\n'), 'y'),
      network: { layers: [dense(1, 'linear')] },
      loss: 'meanAbsoluteError',
      optimizer: adam,
      batchSize: 1_024,
      epochs: 1,
      seed: 1,
    })
    const { evaluation } = model
    if (evaluation?.type !== 'regression') throw new Error('is no regression')
    expect(evaluation).toMatchObject({ rows: 'training', available: 120_000, count: 100_000, unanswered: 0 })
    const actual = evaluation.targets[0].pairs.map(([value]) => value)
    expect(actual.map(Math.round)).toEqual(Array.from({ length: 500 }, (_, pair) => 240 * pair))
  })

  it('is null for a model that was constructed', async () => {
    const { id } = await request(`${service.url}/models`, evaluatedModelSchema.omit({ evaluation: true }), {
      construct: { dnf: { inputs: 2, trueRows: [3] } },
    })
    expect((await request(`${service.url}/models/${id}`, evaluatedModelSchema)).evaluation).toBeNull()
  })
})
