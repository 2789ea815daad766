import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { modelStore } from '../../src/store/models.js'
import { newId } from '../../src/training/new-id.js'
import {
  linearModel,
  newJob,
  openStores,
  type Stores,
  startJob,
  storeModel,
  xorSpec,
} from '../support/stores.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

describe('models', () => {
  it('store weights of many chunks exactly, separate from the rows of lists', async () => {
    const weights = Uint8Array.from({ length: 9 * 1024 * 1024 + 5 }, (_, index) => (index * 31) % 251)
    const model = await storeModel(stores, linearModel({ weights }))
    const stored = await stores.models.weights(model.id)
    expect(stored?.tensors).toEqual(model.tensors)
    expect(Buffer.compare(stored?.bytes ?? new Uint8Array(), weights)).toBe(0)
    const sizes = await stores.database.$queryRaw<{ size: number }[]>`
      SELECT length(bytes) AS size FROM "WeightChunk" WHERE "modelId" = ${model.id} ORDER BY index`
    const mebibytes = [2, 2, 2, 2].map((size) => size * 1024 * 1024)
    expect(sizes.map(({ size }) => size)).toEqual([...mebibytes, 1024 * 1024 + 5])
    expect(await stores.models.get(model.id)).toMatchObject({ weightBytes: weights.length })
  })

  it.each([
    ['a bit is changed', `UPDATE "WeightChunk" SET bytes = set_bit(bytes, 0, 1 - get_bit(bytes, 0))`],
    ['a chunk is missing', 'DELETE FROM "WeightChunk"'],
    ['a chunk is cut off', `UPDATE "WeightChunk" SET bytes = substr(bytes, 1, 8)`],
  ])('refuse to give weights of which %s', async (_damage, statement) => {
    const { id } = await storeModel(stores)
    await stores.database.$executeRawUnsafe(`${statement} WHERE "modelId" = '${id}'`)
    await expect(stores.models.weights(id)).rejects.toThrow(`weights of model ${id} do not match`)
  })

  it('are listed newest first, page by page', async () => {
    await stores.database.model.deleteMany()
    const ids: string[] = []
    for (let count = 0; count < 5; count++) ids.push((await storeModel(stores)).id)
    await stores.database.model.updateMany({ data: { createdAt: new Date() } })
    const sorted = ids.toSorted().toReversed()
    const first = await stores.models.list({ limit: 3 })
    const second = await stores.models.list({ limit: 3, after: first.data.at(-1)?.id })
    expect([...first.data, ...second.data].map(({ id }) => id)).toEqual(sorted)
    expect([first.hasMore, second.hasMore]).toEqual([true, false])
  })

  it('may come from no job', async () => {
    const created = await stores.models.create(linearModel())
    expect(created).toMatchObject({ jobId: null, links: { job: null }, metrics: { loss: null } })
    expect(await stores.models.get(created.id)).toEqual(created)
  })

  it('outlive their job', async () => {
    const { id } = await storeModel(stores)
    const { jobId } = await stores.database.model.findUniqueOrThrow({ where: { id } })
    await stores.database.job.delete({ where: { id: jobId ?? '' } })
    expect(await stores.models.get(id)).toMatchObject({ id, jobId: null })
  })

  it('are deleted with their weights, and their job stays', async () => {
    const { id } = await storeModel(stores)
    const { jobId } = await stores.database.model.findUniqueOrThrow({ where: { id } })
    expect(await stores.jobs.get(jobId ?? '')).toMatchObject({ modelId: id })
    expect(await stores.models.of('another').delete(id)).toBe('missing')
    expect(await stores.models.delete(id)).toBe('deleted')
    expect(await stores.models.delete(id)).toBe('missing')
    expect(await stores.models.weights(id)).toBeNull()
    expect(await stores.database.weightChunk.count({ where: { modelId: id } })).toBe(0)
    expect(await stores.jobs.get(jobId ?? '')).toMatchObject({ status: 'succeeded', modelId: null })
  })

  it('are not deleted while an unfinished job starts from them', async () => {
    const { id } = await storeModel(stores)
    const spec = xorSpec({ from: id })
    const queued = await stores.jobs.create(newJob({ spec }))
    expect(await stores.models.delete(id)).toEqual({ type: 'job' })
    await stores.jobs.pause(queued.id)
    expect(await stores.models.delete(id)).toEqual({ type: 'job' })
    await stores.jobs.cancel(queued.id)
    const running = await startJob(stores, 'worker_a', { spec })
    expect(await stores.models.delete(id)).toEqual({ type: 'job' })
    await stores.runs.succeed(running, linearModel())
    expect(await stores.models.delete(id)).toBe('deleted')
  })

  it('are deleted or used, never both, in a race of a deletion and a job', async () => {
    for (let round = 0; round < 20; round++) {
      const { id } = await storeModel(stores)
      const [job, deletion] = await Promise.all([
        stores.jobs.create(newJob({ spec: xorSpec({ from: id }) })).catch((error) => error),
        stores.models.delete(id),
      ])
      if (deletion !== 'deleted') expect(job).toMatchObject({ status: 'queued' })
      else expect(job).toMatchObject({ code: 'invalid-spec', errors: [{ pointer: '/from' }] })
    }
  })

  it('are read and parsed once per change, by any process', async () => {
    const { id } = await storeModel(stores)
    const elsewhere = modelStore(stores.database).of('local')
    const first = await stores.models.get(id)
    expect(await stores.models.get(id)).toBe(first)
    await elsewhere.change(id, { threshold: 0.3 })
    const second = await stores.models.get(id)
    expect(second).toEqual({ ...first, threshold: 0.3 })
    expect(await stores.models.of('local').get(id)).toBe(second)
  })

  it('that another process deleted are reported at the next lookup', async () => {
    const { id } = await storeModel(stores)
    const gone: string[] = []
    stores.models.onGone((each) => gone.push(each))
    await stores.models.get(id)
    expect(await stores.models.of('another').get(id)).toBeNull()
    expect(gone).toEqual([])
    await modelStore(stores.database).of('local').delete(id)
    expect(await stores.models.get(id)).toBeNull()
    expect(gone).toEqual([id])
    const mine = await storeModel(stores)
    expect(await stores.models.delete(mine.id)).toBe('deleted')
    expect(gone).toEqual([id, mine.id])
  })

  it('beyond the size of the cache are read again', async () => {
    // Each has 4 MiB of names; 16 MiB are cached.
    const category = (position: number) => `${position} ${'x'.repeat(4_000)}`
    const coding = {
      ...linearModel().coding,
      features: [
        {
          type: 'category' as const,
          name: 'a',
          categories: Array.from({ length: 1_000 }, (_, position) => category(position)),
        },
      ],
    }
    const ids: string[] = []
    for (let count = 0; count < 5; count++) ids.push((await storeModel(stores, linearModel({ coding }))).id)
    const first = await stores.models.get(ids[0])
    const models = []
    for (const id of ids) models.push(await stores.models.get(id))
    expect(await stores.models.get(ids[4])).toBe(models[4])
    const again = await stores.models.get(ids[0])
    expect(again).not.toBe(first)
    expect(again).toEqual(first)
  })

  it('that do not exist are null', async () => {
    expect(await stores.models.get(newId('model'))).toBeNull()
    expect(await stores.models.weights(newId('model'))).toBeNull()
  })
})
