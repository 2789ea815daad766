/** Rows, descriptions, pictures and deletion of datasets over HTTP. */
import { inflateSync } from 'node:zlib'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { datasetRowsSchema, datasetSchema } from '../../src/contract/dataset.js'
import { type Job, jobSchema } from '../../src/contract/job.js'
import { splitTable } from '../../src/datasets/split-rows.js'
import { openApp, type RunningApp } from '../support/app.js'
import { reading, uploadFrom } from '../support/prepared.js'
import { newJob } from '../support/stores.js'
import { named } from '../support/tables.js'

let service: RunningApp
beforeAll(async () => {
  service = await openApp()
})
afterAll(() => service.close())

const api = () => request(service.app.server)

const flowers = () =>
  uploadFrom(
    reading({
      size: [['1.5', '', '3']],
      colour: [['=red', 'blue', '__proto__']],
      wild: [['true', 'false', '']],
      note: [['a', 'b', 'c']],
      kind: [['x', 'y', 'x']],
    }),
    {
      types: [{ name: 'note', type: 'ignored' }],
      missing: { everywhere: 'mean', columns: [] },
    },
  )

describe('rows', () => {
  it('are raw values, null if missing, without ignored columns', async () => {
    const { id } = await service.datasets.create(flowers())
    const answer = await api().get(`/datasets/${id}/rows?limit=2`)
    expect(answer.status).toBe(200)
    expect(datasetRowsSchema.parse(answer.body)).toEqual({
      object: 'rows',
      numbers: [0, 1],
      columns: ['size', 'colour', 'wild', 'kind'],
      offset: 0,
      data: [
        [1.5, '=red', true, 'x'],
        [null, 'blue', false, 'y'],
      ],
      hasMore: true,
    })
    const { body } = await api().get(`/datasets/${id}/rows?offset=2`)
    expect(body).toMatchObject({
      offset: 2,
      numbers: [2],
      data: [[3, '__proto__', null, 'x']],
      hasMore: false,
    })
    expect((await api().get(`/datasets/${id}/rows?offset=9`)).body).toMatchObject({
      data: [],
      hasMore: false,
    })
  })

  it('exist for every built-in dataset', async () => {
    const { data } = (await api().get('/datasets')).body
    const builtIns = data.filter(({ origin }: { origin: string }) => origin === 'builtIn')
    expect(builtIns).toHaveLength(11)
    for (const { id, rows } of builtIns) {
      const { status, body } = await api().get(`/datasets/${id}/rows?limit=5&offset=${rows - 4}`)
      expect([id, status, body.data?.length, body.hasMore]).toEqual([id, 200, 4, false])
    }
    const { body } = await api().get('/datasets/iris/rows?limit=1&offset=149')
    expect(named(body)).toEqual([
      { sepalLength: 5.9, sepalWidth: 3, petalLength: 5.1, petalWidth: 1.8, species: 'virginica' },
    ])
  })

  it('of a job are those of its dataset', async () => {
    const job = async (dataset: unknown) => {
      const layers = [{ type: 'dense', units: 1 }]
      const answer = await api()
        .post('/jobs')
        .send({ dataset, network: { layers }, loss: 'squaredError', epochs: 1 })
      expect(answer.status).toBe(202)
      return `/jobs/${answer.body.id}/rows`
    }
    const x = [
      [1, 2],
      [3, 4],
    ]
    const own = await api().get(await job({ x, y: [5, 6] }))
    expect(datasetRowsSchema.parse(own.body).data).toEqual([
      [1, 2, 5],
      [3, 4, 6],
    ])
    const generated = await job({ name: 'sine', rows: 7, seed: 3 })
    const { body } = await api().get(`${generated}?limit=5&offset=4`)
    expect(body).toMatchObject({ offset: 4, hasMore: false })
    expect(body.data).toHaveLength(3)
    expect((await api().get(`${await job('xor')}?limit=2`)).body.data).toEqual([
      [0, 0, 0],
      [0, 1, 1],
    ])
    expect((await api().get('/jobs/job_00000000000000000000000000000000/rows')).status).toBe(404)
  })

  describe('of a job that holds out rows', () => {
    const jobOn = async (dataset: unknown, options: object) => {
      const layers = [{ type: 'dense', units: 1, activation: 'sigmoid' }]
      const body = { dataset, network: { layers }, loss: 'binaryCrossentropy', epochs: 1, ...options }
      const { status, body: job } = await api().post('/jobs').send(body)
      expect([status, job.detail]).toEqual([202, undefined])
      return jobSchema.parse(job)
    }
    /** Reads all pages. */
    const rowsOf = async ({ id }: Job, split: string, limit = 7) => {
      const numbers: number[] = []
      const data: unknown[] = []
      for (let hasMore = true; hasMore; ) {
        const { body } = await api().get(
          `/jobs/${id}/rows?split=${split}&limit=${limit}&offset=${numbers.length}`,
        )
        const page = datasetRowsSchema.parse(body)
        expect(page.offset).toBe(numbers.length)
        numbers.push(...page.numbers)
        data.push(...page.data)
        hasMore = page.hasMore
      }
      return { numbers, data }
    }
    // In chunks of 40 rows; every fifth row has the second class.
    const rows = Array.from({ length: 120 }, (_, row) => [row, row % 5 === 0 ? 'yes' : 'no'] as const)
    const stored = async () => {
      const batches = [0, 40, 80].map((first) => rows.slice(first, first + 40))
      const x = batches.map((batch) => batch.map(([value]) => value))
      const y = batches.map((batch) => batch.map(([, name]) => name))
      return (await service.datasets.create(uploadFrom(reading({ x, y })))).id
    }

    it.each(['stratified', 'random', 'chronological'])('are those of its %s split', async (split) => {
      const job = await jobOn(await stored(), { split, validationSplit: 0.25, seed: 5 })
      const [held, kept] = [await rowsOf(job, 'validation'), await rowsOf(job, 'training', 50)]
      // The split of the worker.
      const table = await service.datasets.table(String(job.spec.dataset))
      const expected = table && splitTable(job.spec, table)
      expect([held.numbers, kept.numbers]).toEqual([
        [...(expected?.validation ?? [])],
        [...(expected?.training ?? [])],
      ])
      expect(held.numbers).toHaveLength(30)
      expect(held.data).toEqual(held.numbers.map((row) => [...rows[row]]))
      expect(kept.data).toEqual(kept.numbers.map((row) => [...rows[row]]))
      const ofSecond = held.data.filter((row) => String(row).includes('yes'))
      // A quarter of 24.
      if (split === 'stratified') expect(ofSecond).toHaveLength(6)
      if (split === 'chronological')
        expect(held.numbers).toEqual(Array.from({ length: 30 }, (_, row) => 90 + row))
    })

    it.each([
      { name: 'moons', rows: 40, seed: 3 },
      { x: [1, 2, 3, 4, 5], y: [0, 1, 0, 1, 1] },
    ])('are those of %o', async (dataset) => {
      const job = await jobOn(dataset, { validationSplit: 0.4, seed: 9 })
      const all = (await api().get(`/jobs/${job.id}/rows?limit=50`)).body
      const [held, kept] = [await rowsOf(job, 'validation'), await rowsOf(job, 'training')]
      expect(held.numbers).toHaveLength(0.4 * all.data.length)
      expect([...held.numbers, ...kept.numbers].sort((a, b) => a - b)).toEqual(all.numbers)
      expect(held.data).toEqual(held.numbers.map((row) => all.data[row]))
    })

    it('are none, or all rows of the validation dataset', async () => {
      const dataset = await stored()
      const none = await jobOn(dataset, { validationSplit: 0 })
      expect((await rowsOf(none, 'validation')).numbers).toEqual([])
      expect((await rowsOf(none, 'training', 100)).numbers).toHaveLength(120)
      const other = (await service.datasets.create(uploadFrom(reading({ x: [[9, 8]], y: [['no', 'yes']] }))))
        .id
      const both = await jobOn(dataset, { validationDataset: other })
      expect(await rowsOf(both, 'validation')).toEqual({
        numbers: [0, 1],
        data: [
          [9, 'no'],
          [8, 'yes'],
        ],
      })
      expect((await rowsOf(both, 'training', 100)).numbers).toHaveLength(120)
    })
  })

  it('of a wide dataset are fewer than requested', async () => {
    const columns = Object.fromEntries(
      Array.from({ length: 2_000 }, (_, index) => [`c${index}`, [Array(80).fill(index)]]),
    )
    const { id } = await service.datasets.create(uploadFrom(reading(columns)))
    const { body } = await api().get(`/datasets/${id}/rows?limit=80`)
    expect(body.data).toHaveLength(50)
    expect(body.hasMore).toBe(true)
  })

  it('with long texts are fewer than requested', async () => {
    const note = Array.from({ length: 80 }, (_, index) => (index % 2 === 0 ? 'a' : 'b').repeat(30_000))
    const y = note.map((_, index) => index)
    const { id } = await service.datasets.create(uploadFrom(reading({ note: [note], y: [y] })))
    const { body } = await api().get(`/datasets/${id}/rows?limit=80`)
    // 1,048,576 characters.
    expect(body.data).toHaveLength(34)
    expect(body.hasMore).toBe(true)
    const { body: rest } = await api().get(`/datasets/${id}/rows?limit=80&offset=79`)
    expect(rest).toMatchObject({ data: [['b'.repeat(30_000), 79]], hasMore: false })
  })

  it.each([
    ['/datasets/ds_00000000000000000000000000000000/rows', 404],
    ['/datasets/nothing/rows', 404],
    ['/datasets/iris/rows?limit=0', 400],
    ['/datasets/iris/rows?limit=1001', 400],
    ['/datasets/iris/rows?offset=-1', 400],
    ['/datasets/iris/rows/0/image.png', 404],
    ['/datasets/nothing/rows/0/image.png', 404],
  ])('%s is %d', async (address, status) => {
    expect((await api().get(address)).status).toBe(status)
  })
})

describe('an upload', () => {
  const csv = 'zip,age,member,good\n01067,20,yes,x\n1067,,no,y\n01067,60,yes,x\n'
  const send = (query: string) => api().post(`/datasets?${query}`).set('content-type', 'text/csv').send(csv)

  it('is prepared by its parameters', async () => {
    const answer = await send('types=zip:category,member:boolean&missing=mean')
    expect(answer.status).toBe(201)
    expect(answer.body).toMatchObject({
      rows: 3,
      inputShape: [4],
      columns: [
        { name: 'zip', type: 'category', categories: ['01067', '1067'], counts: [2, 1] },
        { name: 'age', type: 'number', mean: 40, missing: 1, imputation: 'mean' },
        { name: 'member', type: 'boolean', counts: [1, 2] },
        { name: 'good', role: 'target' },
      ],
    })
    const { body } = await api().get(`/datasets/${answer.body.id}/rows?limit=2`)
    expect(body.data).toEqual([
      ['01067', 20, true, 'x'],
      ['1067', null, false, 'y'],
    ])
  })

  it.each([
    ['types=zip:word', 400, 'must be one of number, category, boolean, date, ignored'],
    ['types=zap:number', 422, 'types names the unknown column "zap"'],
    ['types=good:number', 422, 'row 1 (line 2), column good: "x" is not a number'],
    ['target=zip,good', 201, ''],
  ])('with %s is %d', async (query, status, words) => {
    const { status: given, body } = await send(query)
    expect(given).toBe(status)
    expect(body.detail ?? '').toContain(words)
  })
})

describe('a description', () => {
  it('contains types, ranges, missing values and warnings', async () => {
    const created = await service.datasets.create(flowers())
    const { body } = await api().get(`/datasets/${created.id}`)
    expect(datasetSchema.parse(body)).toEqual(created)
    expect(body).toMatchObject({
      rows: 3,
      droppedRows: 0,
      target: 'kind',
      inputShape: [5],
      scaling: 'standardize',
      columns: [
        { name: 'size', type: 'number', min: 1.5, max: 3, mean: 2.25, missing: 1, imputation: 'mean' },
        { name: 'colour', type: 'category', categories: ['=red', '__proto__', 'blue'] },
        { name: 'wild', type: 'boolean', counts: [1, 1], missing: 1 },
        { name: 'note', type: 'ignored', role: 'none' },
        { name: 'kind', type: 'category', counts: [2, 1] },
      ],
    })
    expect(body.columns[1]).not.toHaveProperty('codes')
    const codes = body.warnings.map(({ code }: { code: string }) => code)
    expect(codes).toEqual(['imputed-values', 'rare-class'])
  })
})

/** Pixels of a PNG without filters, one list a line. */
function linesOf(png: Buffer, bytesPerPixel: number): { width: number; height: number; lines: number[][] } {
  expect(png.subarray(0, 8)).toEqual(Buffer.of(137, 80, 78, 71, 13, 10, 26, 10))
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)]
  const index = png.indexOf('IDAT')
  const raw = inflateSync(png.subarray(index + 4, index + 4 + png.readUInt32BE(index - 4)))
  const stride = 1 + width * bytesPerPixel
  const lines = Array.from({ length: height }, (_, y) => [...raw.subarray(y * stride + 1, (y + 1) * stride)])
  return { width, height, lines }
}

describe('pictures', () => {
  /** Channels first, as in datasets. */
  const pictures = (rows: number[][], channels: 1 | 3) => {
    const [width, height] = [3, 2]
    const pixels = Array.from({ length: channels * width * height }, (_, index) => [
      `p${index}`,
      [rows.map((row) => row[index])],
    ])
    return uploadFrom(
      reading(Object.fromEntries([...pixels, ['label', [rows.map((_, row) => row)]]]), {
        inputShape: [channels, height, width],
        image: { width, height, channels },
      }),
    )
  }
  const picture = async (id: string, row: number) =>
    api()
      .get(`/datasets/${id}/rows/${row}/image.png`)
      .buffer(true)
      .parse((answer, done) => {
        const parts: Buffer[] = []
        answer.on('data', (part) => parts.push(part))
        answer.on('end', () => done(null, Buffer.concat(parts)))
      })

  it('are grey PNGs', async () => {
    const { id } = await service.datasets.create(
      pictures(
        [
          [0, 1, 2, 253, 254, 255],
          [9, 9, 9, 9, 9, 9],
        ],
        1,
      ),
    )
    const { status, headers, body } = await picture(id, 0)
    expect([status, headers['content-type']]).toEqual([200, 'image/png'])
    expect(linesOf(body, 1)).toEqual({
      width: 3,
      height: 2,
      lines: [
        [0, 1, 2],
        [253, 254, 255],
      ],
    })
    expect((await picture(id, 2)).status).toBe(404)
  })

  it('may have colours, and levels from 0 to 1 are scaled to 255', async () => {
    const row = Array.from({ length: 18 }, (_, index) => (index < 6 ? 1 : index < 12 ? 0.5 : 0))
    const { id } = await service.datasets.create(pictures([row, row], 3))
    const [line] = linesOf((await picture(id, 1)).body, 3).lines
    expect(line).toEqual([255, 128, 0, 255, 128, 0, 255, 128, 0])
  })
})

describe('deleting', () => {
  it('removes a dataset once no unfinished job uses it', async () => {
    const { id } = await service.datasets.create(flowers())
    const job = await service.jobs.create(newJob({ datasetId: id }))
    const refused = await api().delete(`/datasets/${id}`)
    expect([refused.status, refused.body.code]).toEqual([409, 'dataset-in-use'])
    await service.jobs.cancel(job.id)
    expect((await api().delete(`/datasets/${id}`)).status).toBe(204)
    expect((await api().get(`/datasets/${id}`)).status).toBe(404)
    expect((await api().delete(`/datasets/${id}`)).status).toBe(404)
    expect((await api().delete('/datasets/iris')).status).toBe(409)
  })
})
