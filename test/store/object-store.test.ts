/** Datasets, weights and checkpoints whose bytes are in a real object store. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openStores as openAllStores } from '../../src/composition/stores.js'
import { describeTable, type Table } from '../../src/datasets/table.js'
import { join } from '../../src/store/bytes.js'
import { databaseTrouble, openDatabase } from '../../src/store/database.js'
import { countDeletedObjects, orphanedObjects } from '../../src/store/deleted-objects.js'
import { moveIn, moveOut } from '../../src/store/move-chunks.js'
import { objectCleaner } from '../../src/store/object-cleaner.js'
import { ObjectClient } from '../../src/store/object-client.js'
import { parseObjectLocation } from '../../src/store/object-location.js'
import { ObjectStore } from '../../src/store/object-store.js'
import { checkObjectStore, countNamedObjects } from '../../src/store/open-object-store.js'
import { unlimited } from '../../src/store/tenant-limits.js'
import { newId } from '../../src/training/new-id.js'
import type { Checkpoint } from '../../src/training/ports/checkpoints.js'
import type { Claim } from '../../src/training/ports/runs.js'
import { damage } from '../support/damage.js'
import {
  claimJob,
  epochsOf,
  linearModel,
  newJob,
  openStores,
  packEpochs,
  type Stores,
  startJob,
} from '../support/stores.js'
import { hasSwift, listBucket, startSwift, type TestSwift } from '../support/swift.js'
import { uploadOf, valuesOf } from '../support/tables.js'

const mebibyte = 1024 * 1024

/** A table of two columns that fills a few chunks. */
function largeTable() {
  const values = Float64Array.from({ length: 600_000 }, (_, index) => Math.sin(index))
  return describeTable(
    [
      { name: 'a', role: 'feature' },
      { name: 'b', role: 'target' },
    ],
    values,
  )
}

const isEqual = (one: Table, other: Table) =>
  Buffer.compare(Buffer.from(valuesOf(one).buffer), Buffer.from(valuesOf(other).buffer)) === 0

/** Nine MiB in two pieces. */
const largeModel = () => ({
  ...linearModel(),
  weights: [3, 6].map((size) => new Uint8Array(size * mebibyte).map((_, index) => (index * size) % 251)),
})

function checkpointOf(epoch: number): Checkpoint {
  return {
    epoch,
    step: 0,
    backend: 'wasm',
    header: {
      position: { epoch, step: 0, lossSum: 0.1, right: 3 },
      seed: 1,
      ended: null,
      watch: { best: null, waited: 2 },
      buffers: [{ of: 'state', name: 'layers.0.weight', offset: 0, length: 1 }],
    },
    bytes: new Uint8Array(100_000).fill(epoch),
  }
}

const failed = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  )

describe.skipIf(!hasSwift)('an object store', () => {
  let swift: TestSwift
  let url: string
  let objects: ObjectStore
  let client: ObjectClient
  let stores: Stores

  beforeAll(async () => {
    swift = await startSwift()
    url = await swift.newBucket({ prefix: '/prefix' })
    objects = new ObjectStore(parseObjectLocation(url))
    client = new ObjectClient(parseObjectLocation(url), () => {})
    stores = await openStores(objects)
    await checkObjectStore(stores.database, objects)
  })

  afterAll(async () => {
    await stores.close()
    await swift.stop()
  })

  const chunkKeys = async () => (await listBucket(url)).filter((key) => key !== 'owner')
  type Options = Partial<Parameters<typeof objectCleaner>[2]>
  const cleanUpNow = (options: Options = {}) =>
    objectCleaner(stores.database, objects, { keptSeconds: 0, ...options }).cleanUp()
  /** After those that were claimed, or written in vain, have waited. */
  const cleanUp = async (options?: Options) => {
    await stores.database.deletedObject.updateMany({ data: { claimedAt: null } })
    await cleanUpNow(options)
  }

  beforeEach(async () => {
    await stores.database.job.deleteMany()
    await stores.database.model.deleteMany()
    await stores.database.dataset.deleteMany()
    await cleanUp()
    expect(await chunkKeys()).toEqual([])
  })

  const keysOf = {
    dataset: async (id: string) => {
      const where = { datasetId: id }
      return (await stores.database.datasetChunk.findMany({ where, orderBy: { index: 'asc' } })).map(
        ({ object }) => object,
      )
    },
    model: async (id: string) => {
      const where = { modelId: id }
      return (await stores.database.weightChunk.findMany({ where, orderBy: { index: 'asc' } })).map(
        ({ object }) => object,
      )
    },
  }

  const progressOf = (epoch: number) => ({
    epochs: packEpochs(epochsOf([epoch])),
    seconds: 0,
    backend: 'wasm' as const,
    backendDetail: null,
    checkpoint: checkpointOf(epoch),
    snapshots: null,
  })

  const store = (claim: Claim, epoch: number) => stores.runs.record(claim, progressOf(epoch))

  describe('with a dataset', () => {
    it('has its chunks, and returns them', async () => {
      const table = largeTable()
      const { id, bytes, sha256 } = await stores.datasets.create(uploadOf(table))
      const keys = await keysOf.dataset(id)
      expect(keys.length).toBeGreaterThan(1)
      for (const key of keys)
        expect(key).toMatch(new RegExp(`^datasets/${id}/\\d+-[0-9a-f]{16}-[0-9a-f]{64}$`))
      expect(await chunkKeys()).toEqual(keys.toSorted())
      const stored = await stores.datasets.table(id)
      if (stored === null) throw new Error('there is no table')
      expect(isEqual(stored, table)).toBe(true)
      expect(stored.chunks.reduce((sum, { length }) => sum + length, 0)).toBe(bytes)
      const slice = await stores.datasets.rows(id, 299_990, 5)
      expect(slice?.first).toBeGreaterThan(0)
      expect(slice?.chunks).toEqual(stored.chunks.slice(-1))
      const elsewhere = await openStores()
      expect((await elsewhere.datasets.create(uploadOf(table))).sha256).toBe(sha256)
      await elsewhere.close()
    })

    it('loses them after the dataset is deleted and the time of backups has passed', async () => {
      const { id } = await stores.datasets.create(uploadOf(largeTable()))
      const keys = await chunkKeys()
      expect(await stores.datasets.delete(id)).toBe('deleted')
      await cleanUp({ keptSeconds: 3_600 })
      expect(await chunkKeys()).toEqual(keys)
      expect(await countDeletedObjects(stores.database.pool)).toBe(keys.length)
      await cleanUp()
      expect(await chunkKeys()).toEqual([])
      expect(await countDeletedObjects(stores.database.pool)).toBe(0)
    })

    it('receives nothing of a small one', async () => {
      const table = describeTable([{ name: 'a', role: 'target' }], Float64Array.of(1, 2))
      const { id } = await stores.datasets.create(uploadOf(table))
      expect(await keysOf.dataset(id)).toEqual([null])
      expect(await chunkKeys()).toEqual([])
    })

    it('keeps nothing of an upload above the limit', async () => {
      const settings = { ...unlimited, storedBytes: 100_000 }
      const limited = openAllStores(stores.database, { settings }).datasets.of('local')
      const error = await failed(limited.create(uploadOf(largeTable())))
      expect(error).toMatchObject({ code: 'too-much-stored' })
      const written = await chunkKeys()
      expect(written).not.toEqual([])
      await cleanUpNow({ keptSeconds: 3_600 })
      expect(await chunkKeys()).toEqual(written)
      await cleanUp({ keptSeconds: 3_600 })
      expect(await chunkKeys()).toEqual([])
    })

    it('reports a missing and a damaged object by its key', async () => {
      const { id } = await stores.datasets.create(uploadOf(largeTable()))
      const [first, second] = await keysOf.dataset(id)
      if (!first || !second) throw new Error('there are no objects')
      const bytes = await objects.get(first)
      await overwrite(second, new Uint8Array(7))
      expect(await failed(stores.datasets.table(id))).toMatchObject({
        code: 'integrity',
        message: expect.stringMatching(`The object ${second} at http.* does not match its hash`),
      })
      await overwrite(second, bytes ?? new Uint8Array())
      await objects.delete(second)
      expect(await failed(stores.datasets.table(id))).toMatchObject({
        code: 'integrity',
        message: expect.stringMatching(`The object ${second} is missing at http`),
      })
    })
  })

  /** With bytes that the store accepts, but not those of the key. */
  async function overwrite(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const digest = await crypto.subtle.digest('SHA-256', bytes)
    await client.put(key, bytes, Buffer.from(digest).toString('hex'))
  }

  describe('with a model', () => {
    it('has the chunks of a draft, and returns them', async () => {
      const model = largeModel()
      expect(await stores.runs.succeed(await startJob(stores), model)).toBe(true)
      const keys = await keysOf.model(model.id)
      expect(keys).toHaveLength(5)
      expect(await chunkKeys()).toEqual(keys.toSorted())
      const weights = await stores.models.weights(model.id)
      expect(Buffer.compare(weights?.bytes ?? new Uint8Array(), Buffer.concat(model.weights))).toBe(0)
      const rest: Uint8Array[] = []
      for await (const piece of stores.models.weightChunks(model.id, 1_000_000)) rest.push(piece)
      const expected = Buffer.concat(model.weights).subarray(1_000_000)
      expect(Buffer.compare(join(rest.map((bytes) => ({ bytes: Uint8Array.from(bytes) }))), expected)).toBe(0)
      expect(await stores.models.delete(model.id)).toBe('deleted')
      await cleanUp()
      expect(await chunkKeys()).toEqual([])
    })

    it('has those of an imported one, and drops them if it is refused', async () => {
      const model = largeModel()
      await stores.models.create(model)
      expect(await keysOf.model(model.id)).toHaveLength(5)
      const again = await failed(stores.models.create({ ...largeModel(), id: model.id }))
      expect(again).not.toBeNull()
      await cleanUp()
      expect(await chunkKeys()).toEqual((await keysOf.model(model.id)).toSorted())
    })

    it('keeps small weights out of the store', async () => {
      const model = linearModel({ weights: new Uint8Array(65_535) })
      await stores.runs.succeed(await startJob(stores), model)
      expect(await keysOf.model(model.id)).toEqual([null])
      expect((await stores.models.weights(model.id))?.bytes).toHaveLength(65_535)
    })

    it('has the objects of a copied run once, until no row names them', async () => {
      const claim = await startJob(stores)
      const model = largeModel()
      await stores.runs.succeed(claim, model)
      const keys = await chunkKeys()
      const modelId = newId('model')
      await stores.jobs.createAll(
        [newJob({ copyOf: { jobId: claim.jobId, modelId } })],
        undefined,
        () => ({}),
      )
      expect(await keysOf.model(modelId)).toEqual(await keysOf.model(model.id))
      await stores.models.delete(model.id)
      await cleanUp()
      expect(await chunkKeys()).toEqual(keys)
      expect((await stores.models.weights(modelId))?.bytes).toHaveLength(9 * mebibyte)
      await stores.models.delete(modelId)
      await cleanUp()
      expect(await chunkKeys()).toEqual([])
    })

    it('loses the objects of a draft whose job was cancelled', async () => {
      const claim = await startJob(stores)
      await stores.jobs.cancel(claim.jobId)
      expect(await stores.runs.succeed(claim, largeModel())).toBe(false)
      await cleanUp()
      expect(await chunkKeys()).toEqual([])
    })

    it('ends a read whose model is deleted meanwhile as missing', async () => {
      const model = largeModel()
      await stores.runs.succeed(await startJob(stores), model)
      const opened = await stores.models.openWeights(model.id)
      const chunks = opened?.chunks[Symbol.asyncIterator]()
      await chunks?.next()
      await stores.models.delete(model.id)
      await cleanUp()
      const rest = async () => {
        while (!(await chunks?.next())?.done);
      }
      expect(await failed(rest())).toMatchObject({ code: 'not-found' })
    })
  })

  describe('with checkpoints', () => {
    it('returns the most recent undamaged one', async () => {
      const claim = await startJob(stores)
      for (const epoch of [1, 2]) expect(await store(claim, epoch)).toBe(true)
      const rows = await stores.database.checkpointChunk.findMany({ orderBy: { sequence: 'asc' } })
      expect(rows.map(({ bytes }) => bytes)).toEqual([null, null])
      expect(await chunkKeys()).toHaveLength(2)
      const newest = rows[1]?.object ?? ''
      expect((await stores.runs.checkpoint(claim.jobId, () => {}))?.epoch).toBe(2)
      await overwrite(newest, new Uint8Array(100_000))
      const warnings: string[] = []
      expect((await stores.runs.checkpoint(claim.jobId, (text) => warnings.push(text)))?.epoch).toBe(1)
      expect(warnings).toEqual([
        expect.stringContaining(`The object ${newest} at`),
        `checkpoint 2 of job ${claim.jobId} is damaged and was skipped`,
      ])
      await objects.delete(newest)
      expect((await stores.runs.checkpoint(claim.jobId, () => {}))?.epoch).toBe(1)
    })

    it('has no objects of older ones, of an ended job, or of a deleted job', async () => {
      const claim = await startJob(stores)
      for (const epoch of [1, 2, 3]) await store(claim, epoch)
      await cleanUp()
      expect(await chunkKeys()).toHaveLength(2)
      await stores.runs.fail(claim, { code: 'internal', message: '', epoch: null })
      await cleanUp()
      expect(await chunkKeys()).toEqual([])
      const second = await startJob(stores)
      await store(second, 1)
      await stores.database.job.deleteMany()
      await cleanUp()
      expect(await chunkKeys()).toEqual([])
    })

    it('lends the objects of one job to another', async () => {
      const claim = await startJob(stores)
      for (const epoch of [1, 2]) await store(claim, epoch)
      const { id } = await stores.jobs.create(newJob())
      const fork = await claimJob(stores, id)
      await stores.database.job.update({ where: { id }, data: { backend: 'wasm' } })
      expect(await stores.runs.adoptCheckpoint(fork, { jobId: claim.jobId, epoch: 1 })).toMatchObject({
        epoch: 1,
      })
      await stores.database.job.delete({ where: { id: claim.jobId } })
      await cleanUp()
      expect(await chunkKeys()).toHaveLength(1)
      expect((await stores.runs.checkpoint(id, () => {}))?.length).toBe(100_000)
    })
  })

  describe('that is switched on or off', () => {
    it('leaves the bytes of earlier rows readable, and later ones are objects', async () => {
      const without = openDatabase(stores.connectionString, undefined, null)
      const before = openAllStores(without)
      const table = largeTable()
      const { id } = await before.datasets.of('local').create(uploadOf(table))
      const model = largeModel()
      await before.runs.succeed(await startJob(stores), model)
      expect(await chunkKeys()).toEqual([])
      expect(await countNamedObjects(without)).toBe(0)
      const stored = await stores.datasets.table(id)
      expect(stored && isEqual(stored, table)).toBe(true)
      expect((await stores.models.weights(model.id))?.bytes).toHaveLength(9 * mebibyte)

      const later = await stores.datasets.create(uploadOf(table))
      const chunks = (await chunkKeys()).length
      expect(chunks).toBeGreaterThan(1)
      expect(await countNamedObjects(without)).toBe(chunks)
      const error = await failed(before.datasets.table(later.id))
      expect(databaseTrouble(error)).toBe('unavailable')
      expect(error).toMatchObject({ message: expect.stringContaining('OBJECT_STORE_URL is not set') })
      await without.$disconnect()
    })
  })

  describe('to which chunks are moved', () => {
    it('has the large ones afterwards, and has none after they are moved back', async () => {
      const without = openDatabase(stores.connectionString)
      const before = openAllStores(without)
      const table = largeTable()
      const { id } = await before.datasets.of('local').create(uploadOf(table))
      const model = largeModel()
      const claim = await startJob(stores)
      await before.runs.record(claim, progressOf(1))
      await before.models.of('local').create(model)
      const small = linearModel()
      await before.models.of('local').create(small)
      const isReadable = async () => {
        const stored = await stores.datasets.table(id)
        expect(stored && isEqual(stored, table)).toBe(true)
        const { bytes } = (await stores.models.weights(model.id)) ?? {}
        expect(Buffer.compare(bytes ?? new Uint8Array(), Buffer.concat(model.weights))).toBe(0)
        expect((await stores.runs.checkpoint(claim.jobId, () => {}))?.length).toBe(100_000)
      }

      const moved = await moveIn(stores.database, objects)
      expect(moved.chunks).toBe(await countNamedObjects(stores.database))
      expect(moved.bytes).toBeGreaterThan(9 * mebibyte)
      expect(await chunkKeys()).toHaveLength(moved.chunks)
      expect(await keysOf.model(small.id)).toEqual([null])
      await isReadable()
      expect(await moveIn(stores.database, objects)).toEqual({ chunks: 0, bytes: 0 })

      expect(await moveOut(stores.database, objects)).toEqual(moved)
      expect(await countNamedObjects(stores.database)).toBe(0)
      await cleanUp()
      expect(await chunkKeys()).toEqual([])
      await isReadable()
      await without.$disconnect()
    })
  })

  describe('with checksums of the chunks of datasets', () => {
    const checksums = async (datasetId: string) => {
      const chunks = await stores.database.datasetChunk.findMany({
        where: { datasetId },
        orderBy: { index: 'asc' },
      })
      return chunks.map(({ checksum }) => checksum)
    }
    const forget = () => stores.database.datasetChunk.updateMany({ data: { checksum: null } })

    it('keeps them in both directions, and gives them to the chunks of earlier releases', async () => {
      const { id } = await stores.datasets.create(uploadOf(largeTable()))
      const written = await checksums(id)
      expect(written).not.toContain(null)
      await forget()
      await moveOut(stores.database, objects)
      expect(await checksums(id)).toEqual(written)
      await forget()
      await moveIn(stores.database, objects)
      expect(await checksums(id)).toEqual(written)
      const table = await stores.datasets.table(id)
      expect(table && isEqual(table, largeTable())).toBe(true)
    })

    it('does not move a damaged chunk', async () => {
      const { id } = await stores.datasets.create(uploadOf(largeTable()))
      await moveOut(stores.database, objects)
      await damage(stores, id, 'with a flipped bit')
      expect(await failed(moveIn(stores.database, objects))).toMatchObject({
        code: 'integrity',
        message: expect.stringContaining(`Dataset ${id} is damaged: chunk 1 `),
      })
      expect(await keysOf.dataset(id)).toEqual([null, null])
    })

    it('finds a row that names an object of another chunk', async () => {
      const { id } = await stores.datasets.create(uploadOf(largeTable()))
      const [key] = await keysOf.dataset(id)
      const where = { datasetId_index: { datasetId: id, index: 1 } }
      await stores.database.datasetChunk.update({ where, data: { object: key } })
      const reads = [
        () => stores.datasets.table(id),
        () => stores.datasets.rows(id, 299_000, 1_000),
        () => moveOut(stores.database, objects),
      ]
      for (const read of reads) expect(await failed(read())).toMatchObject({ code: 'integrity' })
    })
  })

  describe('with objects that no row names', () => {
    it('loses them when they are old enough, and keeps the others', async () => {
      const { id } = await stores.datasets.create(uploadOf(largeTable()))
      const named = await chunkKeys()
      const bytes = new Uint8Array(10)
      const orphans = await Promise.all([
        objects.put('weights/mdl_1', { index: 0, bytes }),
        objects.put('checkpoints/job_1/2', { index: 0, bytes }),
        objects.put('datasets/ds_1', { index: 0, bytes }),
      ])
      await cleanUp({ searchSeconds: 0 })
      expect(await chunkKeys()).toHaveLength(named.length + 3)
      await cleanUp({ orphanSeconds: 0, searchSeconds: 3_600 })
      expect(await chunkKeys()).toHaveLength(named.length + 3)
      expect(await orphanedObjects(stores.database.pool, [...orphans, ...named])).toEqual(orphans)
      await cleanUp({ orphanSeconds: -60, searchSeconds: 0 })
      expect(await chunkKeys()).toEqual(named)
      expect(await stores.datasets.table(id)).not.toBeNull()
    })
  })

  describe('that is down', () => {
    it('refuses uploads, models and checkpoints as unavailable, and works again afterwards', async () => {
      const model = largeModel()
      await stores.models.create(model)
      const { id } = await stores.datasets.create(uploadOf(largeTable()))
      const claim = await startJob(stores)
      await stores.datasets.delete(id)
      await swift.stopProxy()
      const work = [
        () => stores.datasets.create(uploadOf(largeTable())),
        () => stores.models.create(largeModel()),
        () => stores.runs.succeed(claim, largeModel()),
        () => store(claim, 1),
        () => stores.models.weights(model.id),
        () => cleanUpNow(),
      ]
      for (const each of work) expect(databaseTrouble(await failed(each()))).toBe('unavailable')
      expect(await stores.database.dataset.count()).toBe(0)
      expect(await stores.database.draft.count()).toBe(0)
      expect(await countDeletedObjects(stores.database.pool)).toBeGreaterThan(0)
      await swift.startProxy()
      expect((await stores.models.weights(model.id))?.bytes).toHaveLength(9 * mebibyte)
      expect(await store(claim, 1)).toBe(true)
      expect(await stores.runs.succeed(claim, largeModel())).toBe(true)
      // What the failed cleanup claimed waits for ten minutes.
      const datasets = async () => (await chunkKeys()).filter((key) => key.startsWith('datasets/'))
      await cleanUpNow()
      expect(await datasets()).not.toEqual([])
      await stores.database.deletedObject.updateMany({ data: { claimedAt: new Date(Date.now() - 601_000) } })
      await cleanUpNow()
      expect(await datasets()).toEqual([])
    })
  })

  describe('at the start', () => {
    const check = async (other: string, database = stores.database) => {
      const error = await failed(checkObjectStore(database, new ObjectStore(parseObjectLocation(other))))
      return error instanceof Error ? error.message : null
    }

    it('is accepted again, and leaves nothing of the check', async () => {
      expect(await check(url)).toBeNull()
      expect(await listBucket(url)).toEqual(['owner'])
    })

    it('is refused with a wrong secret, which is not in the message', async () => {
      const message = await check(await swift.newBucket({ secret: 'wrongsecret' }))
      expect(message).toMatch(/^The object store at http.* cannot be used: .*403 SignatureDoesNotMatch/)
      expect(message).toContain('OBJECT_STORE_URL needs an existing bucket, and keys that may')
      expect(message).not.toContain('wrongsecret')
    })

    it('is refused without the bucket', async () => {
      expect(await check(url.replace(/bucket-\d+/, 'no-bucket'))).toContain('404 NoSuchBucket')
    })

    it('is refused if the prefix has the objects of another database', async () => {
      const other = await openStores()
      expect(await check(url, other.database)).toContain('It belongs to another database.')
      await other.close()
    })
  })
})
