/** Data from before datasets were packed by column keeps its values. */
import { expect, it } from 'vitest'
import { z } from 'zod'
import { readRows } from '../../src/datasets/preview.js'
import { openDatabase } from '../../src/store/database.js'
import { datasetStore } from '../../src/store/datasets.js'
import { unpackJson } from '../../src/store/packed-json.js'
import { earlierDatabase } from '../support/earlier-database.js'
import { valuesOf } from '../support/tables.js'

/** float64 numbers row by row, cut anywhere. */
const rows = 4_000
const values = Float64Array.from({ length: 3 * rows }, (_, index) =>
  index % 3 === 2 ? index % 2 : Math.sin(index),
)
const columns = [
  { name: 'a', type: 'number', role: 'feature', min: -1, max: 1, mean: 0 },
  { name: 'b', type: 'number', role: 'feature', min: -1, max: 1, mean: 0 },
  { name: 'kind', type: 'category', role: 'target', categories: ['x', 'y'], counts: [rows / 2, rows / 2] },
]
const coding = {
  features: [
    { name: 'a', mean: 3, scale: 2 },
    { name: 'b', mean: 0, scale: 1 },
  ],
  target: { type: 'number', names: ['y'] },
}

const scalingSchema = z.object({ scaling: z.string() })

it('datasets keep their numbers, models their coding, and jobs are scaled as they would have been', async () => {
  const earlier = await earlierDatabase(2)
  const { client } = earlier
  const database = openDatabase(earlier.connectionString)
  try {
    for (const [id, origin] of [
      ['ds_up', 'uploaded'],
      ['ds_in', 'inline'],
    ]) {
      await client.query(
        'INSERT INTO "Dataset" (id, origin, columns, rows, bytes) VALUES ($1, $2, $3, $4, $5)',
        [id, origin, JSON.stringify(columns), rows, values.byteLength],
      )
      const bytes = Buffer.from(values.buffer)
      for (const [index, start] of [0, 10_001, 70_000].entries()) {
        const chunk = bytes.subarray(start, [10_001, 70_000, bytes.length][index])
        await client.query('INSERT INTO "DatasetChunk" VALUES ($1, $2, $3)', [id, index, chunk])
      }
    }
    for (const [id, dataset, datasetId] of [
      ['job_up', 'ds_up', 'ds_up'],
      ['job_in', 'ds_in', 'ds_in'],
      ['job_iris', 'iris', null],
      ['job_xor', 'xor', null],
    ]) {
      await client.query(
        'INSERT INTO "Job" (id, spec, "datasetId", parameters, "arenaBytes", "flopsPerEpoch", epochs) VALUES ($1, $2, $3, 1, 1, 1, 1)',
        [id, JSON.stringify({ dataset }), datasetId],
      )
    }
    await client.query(
      `INSERT INTO "Model" (id, network, loss, layers, coding, parameters, tensors, "weightBytes", "weightSha256")
       VALUES ('mdl_a', '{}', 'huber', '[]', $1, 1, '[]', 0, '')`,
      [JSON.stringify(coding)],
    )

    await earlier.upgrade()

    const datasets = datasetStore(database)
    for (const [id, scaling] of [
      ['ds_up', 'standardize'],
      ['ds_in', 'none'],
    ]) {
      expect(await datasets.get(id)).toMatchObject({
        rows,
        scaling,
        inputShape: [2],
        warnings: [],
        image: null,
      })
      const table = await datasets.table(id)
      expect(table && valuesOf(table)).toEqual(values)
      const slice = await datasets.of('local').rows(id, 3_999, 5)
      expect(slice && readRows(slice, 3_999, 5)).toEqual([[values[11_997], values[11_998], 'y']])
    }
    const jobs = await client.query('SELECT id, spec FROM "Job" ORDER BY id')
    expect(jobs.rows.map(({ id, spec }) => [id, scalingSchema.parse(unpackJson(spec)).scaling])).toEqual([
      ['job_in', 'none'],
      ['job_iris', 'standardize'],
      ['job_up', 'standardize'],
      ['job_xor', 'none'],
    ])
    const [model] = (await client.query('SELECT description FROM "Model"')).rows
    const { coding: migrated } = z.object({ coding: z.unknown() }).parse(unpackJson(model.description))
    expect(migrated).toEqual({
      ...coding,
      features: [
        { type: 'number', name: 'a', offset: 3, scale: 2 },
        { type: 'number', name: 'b', offset: 0, scale: 1 },
      ],
    })
  } finally {
    await database.$disconnect()
    await earlier.drop()
  }
})
