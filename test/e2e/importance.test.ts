/** The importance of columns, and the dependence on them, of a trained model. */
import { beforeAll, expect, it } from 'vitest'
import { request } from '../../examples/client.js'
import { datasetSchema } from '../../src/contract/dataset.js'
import { dependenceSchema, importanceSchema } from '../../src/contract/importance.js'
import { sharedService } from '../support/shared.js'
import { trainedModel } from '../support/trained.js'

let service: { url: string }
beforeAll(async () => {
  service = await sharedService()
}, 60_000)

/** Rents by size and town. The house number has no effect. */
function rents(): string {
  const towns = { Bonn: 0, Ulm: 400, Köln: 900 }
  const names = Object.keys(towns) as (keyof typeof towns)[]
  const lines = Array.from({ length: 400 }, (_, row) => {
    const [size, town, house] = [20 + ((row * 37) % 101), names[(row * 7) % 3], (row * 53) % 89]
    return `${size},${town},${house},${size * 10 + towns[town] + ((row * 31) % 17)}`
  })
  return ['size,town,house,rent', ...lines].join('\n')
}

it('columns that matter have an effect, and another has none', { timeout: 60_000 }, async () => {
  const { id: dataset } = await request(
    `${service.url}/datasets?target=rent`,
    datasetSchema,
    Buffer.from(rents()),
  )
  const model = await trainedModel(service.url, {
    dataset,
    network: { layers: [{ type: 'dense', units: 1 }] },
    loss: 'meanSquaredError',
    optimizer: { type: 'adam', learningRate: 0.05 },
    targetScaling: 'standardize',
    epochs: 200,
    validationSplit: 0.25,
    seed: 4,
  })
  const job = `${service.url}/jobs/${model.jobId}`
  const importance = await request(`${job}/importance`, importanceSchema)
  expect(importance).toMatchObject({
    ...{ split: 'validation', available: 100, count: 100, score: 'r2', modelId: model.id },
    columns: [{ name: 'town' }, { name: 'size' }, { name: 'house' }],
  })
  const [town, size, house] = importance.columns
  expect(importance.baseline).toBeGreaterThan(0.99)
  for (const each of [town, size]) expect(each.mean).toBeGreaterThan(0.2)
  expect(Math.abs(house.mean)).toBeLessThan(0.001)
  const training = await request(`${job}/importance?split=training&repeats=1`, importanceSchema)
  expect([training.split, training.count]).toEqual(['training', 300])

  const onTown = await request(`${job}/dependence?column=town`, dependenceSchema)
  const means = new Map(onTown.points.map(({ value, means: [mean] }) => [value, mean ?? Number.NaN]))
  expect((means.get('Ulm') ?? 0) - (means.get('Bonn') ?? 0)).toBeCloseTo(400, -2)
  expect((means.get('Köln') ?? 0) - (means.get('Ulm') ?? 0)).toBeCloseTo(500, -2)
  const onSize = await request(`${job}/dependence?column=size&points=11`, dependenceSchema)
  expect(onSize).toMatchObject({ type: 'number', outputs: ['rent'], areProbabilities: false })
  const [first, last] = [onSize.points[0], onSize.points[10]]
  // 10 for each unit of the size.
  const slope = ((last.means[0] ?? 0) - (first.means[0] ?? 0)) / (Number(last.value) - Number(first.value))
  expect(slope).toBeCloseTo(10, 0)
})
