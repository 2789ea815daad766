/** The influence of suspect rows, by the requests of docs/trust.md. */
import { beforeAll, expect, it } from 'vitest'
import { request } from '../../examples/client.js'
import { changedRowsSchema } from '../../src/contract/changed-rows.js'
import { datasetSchema } from '../../src/contract/dataset.js'
import { type Job, jobSchema } from '../../src/contract/job.js'
import { predictionsSchema } from '../../src/contract/model.js'
import { jobComparisonSchema } from '../../src/contract/repeats.js'
import { worstRowsSchema } from '../../src/contract/worst-rows.js'
import { sharedService } from '../support/shared.js'
import { trainedModel } from '../support/trained.js'

let url: string
beforeAll(async () => {
  url = (await sharedService()).url
}, 60_000)

/** Two classes on both sides of a line, with wrong labels far from it. */
const planted = [20, 45, 70, 95, 120, 145, 170, 195, 220, 239]
const lines = Array.from({ length: 240 }, (_, row) => {
  const [a, b] = [((row * 37) % 101) / 50 - 1, ((row * 53) % 97) / 48 - 1]
  const side = planted.includes(row) ? -1 : 1
  const far = a + b >= 0 ? 1 : -1
  const kind = side * far > 0 ? 'above' : 'below'
  return `${a + far},${b + far},${kind}`
})

it('of wrong labels is the difference of a training without them', async () => {
  const dataset = await request(
    `${url}/datasets?target=kind`,
    datasetSchema,
    Buffer.from(`a,b,kind\n${lines.join('\n')}\n`),
  )
  const { jobId: id } = await trainedModel(url, {
    dataset: dataset.id,
    network: { layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }] },
    loss: 'binaryCrossentropy',
    optimizer: { type: 'adam', learningRate: 0.05 },
    ...{ epochs: 30, batchSize: 16, validationSplit: 0.25, seed: 2 },
  })
  const job = await request(`${url}/jobs/${id}`, jobSchema)
  const worst = await request(`${url}/jobs/${id}/rows/worst?split=training&limit=5`, worstRowsSchema)
  const suspects = worst.rows.map(({ row }) => row)
  for (const row of suspects) expect(planted).toContain(row)

  const without = await trainWithout(job, suspects)
  expect(without.spec).toEqual({ ...job.spec, excludedRows: suspects })
  const comparison = await request(
    `${url}/jobs/${without.id}/comparison?with=${id}&metric=valLoss`,
    jobComparisonSchema,
  )
  const [before, after] = [job.metrics.valLoss ?? Number.NaN, without.metrics.valLoss ?? Number.NaN]
  expect(comparison).toMatchObject({ difference: after - before, verdict: 'unknown', notices: [] })
  expect(after).not.toBe(before)

  const changed = await request(
    `${url}/jobs/${without.id}/rows/changed?with=${id}&limit=60`,
    changedRowsSchema,
  )
  expect(changed).toMatchObject({ split: 'validation', count: 60, unanswered: 0 })
  const [{ change, prediction, other, values }] = changed.rows
  // The models themselves give the same probabilities.
  const probability = async ({ modelId }: Job) => {
    const answer = await request(`${url}/models/${modelId}/predict`, predictionsSchema, {
      inputs: [values.slice(0, 2)],
    })
    return answer.predictions[0]?.output[0] ?? Number.NaN
  }
  const [one, two] = [await probability(without), await probability(job)]
  expect(prediction.output[0]).toBeCloseTo(one, 6)
  expect(other.prediction.output[0]).toBeCloseTo(two, 6)
  expect(change).toBeCloseTo(Math.abs(one - two), 6)
  // Wrong labels pulled the predictions of the others away from their labels.
  const others = changed.rows.filter(({ row }) => !planted.includes(row))
  const total = (losses: number[]) => losses.reduce((sum, loss) => sum + loss)
  expect(total(others.map((row) => row.loss))).toBeLessThan(total(others.map((row) => row.other.loss)))
  const changes = changed.rows.map((row) => row.change)
  expect(changes).toEqual(changes.toSorted((x, y) => y - x))

  const excluded = await request(
    `${url}/jobs/${without.id}/rows/changed?with=${id}&split=excluded`,
    changedRowsSchema,
  )
  expect(excluded.rows.map(({ row }) => row).toSorted((x, y) => x - y)).toEqual(
    suspects.toSorted((x, y) => x - y),
  )
  for (const row of excluded.rows) {
    // The model that never saw them contradicts their labels more.
    expect(row.loss).toBeGreaterThan(row.other.loss)
    expect(row.prediction.label).not.toBe(row.truth.label)
  }
})

async function trainWithout({ spec }: Job, excludedRows: number[]): Promise<Job> {
  const { jobId } = await trainedModel(url, { ...spec, excludedRows })
  return request(`${url}/jobs/${jobId}`, jobSchema)
}
