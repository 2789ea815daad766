/** The rows with the largest loss under the model of a job. */
import { beforeAll, describe, expect, it } from 'vitest'
import { request } from '../../examples/client.js'
import { datasetRowsSchema, datasetSchema } from '../../src/contract/dataset.js'
import { jobSchema } from '../../src/contract/job.js'
import type { EvaluatedModel } from '../../src/contract/model.js'
import { worstRowsSchema } from '../../src/contract/worst-rows.js'
import { digitsCsv } from '../support/digits.js'
import { sharedService } from '../support/shared.js'
import { trainedModel } from '../support/trained.js'

let service: { url: string }
beforeAll(async () => {
  service = await sharedService()
}, 60_000)

const dense = (units: number, activation: 'relu' | 'tanh' | 'softmax' | 'sigmoid') => ({
  type: 'dense' as const,
  units,
  activation,
})

const worst = (jobId: string | null, query: string) =>
  request(`${service.url}/jobs/${jobId}/rows/worst?${query}`, worstRowsSchema)

async function upload(csv: string, target: string): Promise<string> {
  const { id } = await request(`${service.url}/datasets?target=${target}`, datasetSchema, Buffer.from(csv))
  return id
}

describe('of digits with wrong labels', () => {
  it('the wrong labels are among the first 3 %', { timeout: 60_000 }, async () => {
    const lines = digitsCsv().trim().split('\n')
    // 18 of 1,797 rows, one percent, get the label of another digit.
    const planted = Array.from({ length: 18 }, (_, index) => 41 + 97 * index)
    for (const [index, row] of planted.entries()) {
      const cells = lines[row].split(',')
      cells[64] = String((Number(cells[64]) + 1 + (index % 9)) % 10)
      lines[row] = cells.join()
    }
    const header = [...Array.from({ length: 64 }, (_, index) => `p${index}`), 'digit'].join()
    const model = await trainedModel(service.url, {
      dataset: await upload([header, ...lines].join('\n'), 'digit'),
      network: { layers: [dense(16, 'relu'), dense(10, 'softmax')] },
      loss: 'categoricalCrossentropy',
      optimizer: { type: 'adam', learningRate: 0.003 },
      epochs: 20,
      validationSplit: 0,
      seed: 1,
    })
    const first = await worst(model.jobId, `limit=${Math.floor(0.03 * lines.length)}`)
    expect(first).toMatchObject({ split: 'training', available: 1_797, count: 1_797, unanswered: 0 })
    const rows = first.rows.map(({ row }) => row)
    expect(planted.filter((row) => !rows.includes(row))).toEqual([])
  })
})

describe('of a classification with validation rows', () => {
  const species = ['setosa', 'versi, color', 'virginica']
  let dataset: string
  let trained: Promise<EvaluatedModel> | undefined

  async function trainOnce(): Promise<EvaluatedModel> {
    const lines = Array.from({ length: 300 }, (_, row) => {
      const kind = (row * 7) % 3
      return `${(row * 37) % 101},${((row * 53) % 97) + 25 * kind},"${species[kind]}"`
    })
    dataset = await upload(['a,b,kind', ...lines].join('\n'), 'kind')
    return trainedModel(service.url, {
      dataset,
      network: { layers: [dense(8, 'tanh'), dense(3, 'softmax')] },
      loss: 'categoricalCrossentropy',
      classWeight: { setosa: 3 },
      epochs: 10,
      validationSplit: 0.4,
      seed: 5,
    })
  }

  /** Trained by the first test that needs it. */
  function train(): Promise<EvaluatedModel> {
    trained ??= trainOnce()
    return trained
  }

  it('the validation rows are ranked, and each is shown as GET rows shows it', async () => {
    const model = await train()
    const all = await worst(model.jobId, 'limit=1000')
    const held = await request(
      `${service.url}/jobs/${model.jobId}/rows?split=validation&limit=1000`,
      datasetRowsSchema,
    )
    expect(all).toMatchObject({
      jobId: model.jobId,
      modelId: model.id,
      split: 'validation',
      dataset,
      loss: 'categoricalCrossentropy',
      count: 120,
      matching: 120,
      columns: held.columns,
    })
    expect(all.rows.map(({ row }) => row).sort((a, b) => a - b)).toEqual(held.numbers)
    const byNumber = new Map(held.numbers.map((number, index) => [number, held.data[index]]))
    for (const { row, values, truth, loss, prediction } of all.rows) {
      expect(values).toEqual(byNumber.get(row))
      expect(truth.label).toBe(values.at(-1))
      // Without the class weight of setosa.
      const probability = prediction.probabilities?.[truth.label ?? ''] ?? Number.NaN
      expect(loss).toBeCloseTo(-Math.log(probability), 4)
    }
    const training = await worst(model.jobId, 'split=training&limit=2')
    expect([training.split, training.count, training.rows.length]).toEqual(['training', 180, 2])
  })

  it('a cell has the rows that the confusion matrix counts, by names in short form or JSON', async () => {
    const model = await train()
    const { evaluation } = model
    if (evaluation?.type !== 'classification') throw new Error('is no classification')
    const total = (evaluation.confusion ?? []).flat().reduce((sum, count) => sum + count, 0)
    expect(total).toBe(120)
    for (const [truth, counts] of (evaluation.confusion ?? []).entries()) {
      for (const [predicted, count] of counts.entries()) {
        const names = [evaluation.classes[truth], evaluation.classes[predicted]]
        const { matching, rows } = await worst(
          model.jobId,
          `limit=1000&cell=${encodeURIComponent(JSON.stringify(names))}`,
        )
        expect([matching, rows.length]).toEqual([count, count])
        for (const row of rows) expect([row.truth.label, row.prediction.label]).toEqual(names)
      }
    }
    expect((await worst(model.jobId, 'cell=setosa,virginica')).matching).toBe(
      (await worst(model.jobId, 'cell=setosa%2C%20virginica')).matching,
    )
  })

  it('the rows of a validation dataset are ranked by their number in it', async () => {
    await train()
    const csv = `a,b,kind\n${Array.from({ length: 12 }, (_, row) => `${row},${9 * row},setosa`).join('\n')}\n`
    const held = await upload(csv.replace('0,0,setosa', '0,0,virginica'), `kind&like=${dataset}`)
    const other = await trainedModel(service.url, {
      dataset,
      validationDataset: held,
      network: { layers: [dense(3, 'softmax')] },
      loss: 'categoricalCrossentropy',
      epochs: 3,
    })
    const { split, dataset: ranked, count, rows } = await worst(other.jobId, '')
    expect([split, ranked, count]).toEqual(['validation', held, 12])
    const wrong = rows.find(({ row }) => row === 0)
    expect([wrong?.truth.label, wrong?.values]).toEqual(['virginica', [0, 0, 'virginica']])
    expect((await worst(other.jobId, 'split=training')).dataset).toBe(dataset)
  })
})

it('of a generated dataset, the mean loss is that of the metrics', { timeout: 60_000 }, async () => {
  const model = await trainedModel(service.url, {
    dataset: { name: 'moons', rows: 900, noise: 0.3 },
    network: { layers: [dense(8, 'tanh'), dense(1, 'sigmoid')] },
    loss: 'binaryCrossentropy',
    epochs: 20,
    validationSplit: 0.5,
    seed: 2,
  })
  const { rows, dataset } = await worst(model.jobId, 'limit=1000')
  expect([dataset, rows.length]).toEqual([null, 450])
  const { metrics } = await request(`${service.url}/jobs/${model.jobId}`, jobSchema)
  expect(rows.reduce((sum, { loss }) => sum + loss, 0) / 450).toBeCloseTo(metrics.valLoss ?? Number.NaN, 5)
})
