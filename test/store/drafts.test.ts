/** One statement makes a large model or checkpoint visible. Unfinished ones are swept. */
import { createHash } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { draftStore, dropDraft, writeDraft } from '../../src/store/drafts.js'
import type { NewModel } from '../../src/training/ports/models.js'
import type { Claim } from '../../src/training/ports/runs.js'
import { expectTrueCounters } from '../support/counters.js'
import { eventually } from '../support/service.js'
import { linearModel, openStores, type Stores, startJob } from '../support/stores.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

beforeEach(async () => {
  await stores.database.job.deleteMany()
})

const mebibyte = 1024 * 1024

/** Nine MiB in two pieces whose bounds are not those of chunks. */
function largeModel(): NewModel & { weights: Uint8Array[] } {
  const weights = [3, 6].map((size) =>
    new Uint8Array(size * mebibyte).map((_, index) => (index * size) % 251),
  )
  return { ...linearModel(), weights }
}

const cleanUp = () => draftStore(stores.database).cleanUp()
const run = (statement: string) => stores.database.$executeRawUnsafe(statement)
const chunksOf = (modelId: string) => stores.database.weightChunk.count({ where: { modelId } })

/** Chunk 3 and those after it wait for `open`. */
async function holdChunks(): Promise<{ open(): Promise<void> }> {
  await run('CREATE TABLE IF NOT EXISTS gate (is_open BOOLEAN)')
  await run('TRUNCATE gate')
  await run(`
    CREATE OR REPLACE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS '
      BEGIN WHILE NOT EXISTS (SELECT FROM gate) LOOP PERFORM pg_sleep(0.01); END LOOP; RETURN NEW; END'`)
  await run(
    'CREATE TRIGGER hold BEFORE INSERT ON "WeightChunk" FOR EACH ROW WHEN (NEW.index >= 3) EXECUTE FUNCTION hold()',
  )
  return {
    async open() {
      await run('INSERT INTO gate VALUES (true)')
    },
  }
}

afterEach(async () => {
  await run('DROP TRIGGER IF EXISTS hold ON "WeightChunk"')
})

/** A partly written model. */
async function halfWritten(): Promise<{
  claim: Claim
  model: NewModel
  stored: Promise<boolean>
  open(): Promise<void>
}> {
  const claim = await startJob(stores)
  const model = largeModel()
  const { open } = await holdChunks()
  const stored = stores.runs.succeed(claim, model)
  await eventually(async () => ((await chunksOf(model.id)) === 3 ? true : undefined))
  return { claim, model, stored, open }
}

describe('a large model', () => {
  it('appears with its last chunk, complete', async () => {
    const { claim, model, stored, open } = await halfWritten()
    expect(await stores.models.get(model.id)).toBeNull()
    expect(await stores.models.weights(model.id)).toBeNull()
    expect(await stores.jobs.get(claim.jobId)).toMatchObject({ status: 'running', modelId: null })
    await cleanUp()
    await open()
    expect(await stored).toBe(true)
    expect(await stores.database.draft.count()).toBe(0)
    const bytes = Buffer.concat(largeModel().weights)
    expect(await stores.models.get(model.id)).toMatchObject({
      weightBytes: bytes.length,
      weightSha256: createHash('sha256').update(bytes).digest('hex'),
    })
    expect(Buffer.compare((await stores.models.weights(model.id))?.bytes ?? new Uint8Array(), bytes)).toBe(0)
  })

  it('is deleted with its chunks', async () => {
    const claim = await startJob(stores)
    const model = largeModel()
    await stores.runs.succeed(claim, model)
    expect(await chunksOf(model.id)).toBe(5)
    expect(await stores.models.delete(model.id)).toBe('deleted')
    expect(await chunksOf(model.id)).toBe(0)
  })

  it('of a job that is cancelled meanwhile is not written further, and leaves nothing', async () => {
    const { claim, model, stored, open } = await halfWritten()
    expect(await stores.jobs.cancel(claim.jobId)).toBe(true)
    await open()
    expect(await stored).toBe(false)
    // The chunk that was being written when the job was cancelled is the last.
    expect(await chunksOf(model.id)).toBe(0)
    expect(await stores.database.draft.count()).toBe(0)
  })

  it('that cannot be stored is stored by the next attempt', async () => {
    const claim = await startJob(stores)
    const model = largeModel()
    await run(`CREATE OR REPLACE FUNCTION break() RETURNS trigger LANGUAGE plpgsql
      AS 'BEGIN RAISE EXCEPTION ''broken disk''; END'`)
    await run('CREATE TRIGGER break BEFORE INSERT ON "Model" FOR EACH ROW EXECUTE FUNCTION break()')
    await expect(stores.runs.succeed(claim, model)).rejects.toThrow('broken disk')
    await run('DROP TRIGGER break ON "Model"')
    expect(await stores.models.get(model.id)).toBeNull()
    expect(await stores.runs.succeed(claim, model)).toBe(true)
    expect(await chunksOf(model.id)).toBe(5)
    expect(await stores.database.draft.count()).toBe(0)
  })
})

describe('a draft', () => {
  /** The state after a worker was killed after three chunks. */
  async function leftover(): Promise<{ claim: Claim; id: bigint; modelId: string }> {
    const claim = await startJob(stores)
    const modelId = linearModel().id
    const { id } = await stores.database.draft.create({
      data: { jobId: claim.jobId, attempt: claim.attempt, modelId },
    })
    for (const index of [0, 1, 2]) {
      await stores.database.weightChunk.create({ data: { modelId, index, bytes: new Uint8Array(8) } })
    }
    return { claim, id, modelId }
  }

  const age = (id: bigint, minutes: number) =>
    stores.database.draft.update({
      where: { id },
      data: { touchedAt: new Date(Date.now() - minutes * 60_000) },
    })

  it('stays while its claim holds', async () => {
    const { modelId } = await leftover()
    await cleanUp()
    expect(await chunksOf(modelId)).toBe(3)
  })

  it.each([
    ['the job is claimed anew', (claim: Claim) => stores.runs.release(claim, 'worker-stopped')],
    [
      'the job has ended',
      (claim: Claim) => stores.runs.fail(claim, { code: 'internal', message: '', epoch: null }),
    ],
    ['the job does not exist', ({ jobId }: Claim) => stores.database.job.delete({ where: { id: jobId } })],
  ])('is swept with its chunks when %s', async (_, end) => {
    const { claim, modelId } = await leftover()
    await end(claim)
    await cleanUp()
    expect(await chunksOf(modelId)).toBe(0)
    expect(await stores.database.draft.count()).toBe(0)
  })

  it('is swept if it is stale, although its claim holds', async () => {
    const { id, modelId } = await leftover()
    await age(id, 14)
    await cleanUp()
    expect(await chunksOf(modelId)).toBe(3)
    await age(id, 16)
    await cleanUp()
    expect(await chunksOf(modelId)).toBe(0)
  })

  it('that is swept while it is written takes no further chunk, and becomes no model', async () => {
    const { claim, model, stored, open } = await halfWritten()
    const { id } = await stores.database.draft.findFirstOrThrow({ where: { modelId: model.id } })
    // The current statement holds the row, so its chunk is deleted, too.
    const dropped = dropDraft(stores.database, String(id))
    await open()
    await dropped
    // The writer may lock the row for its last chunk before the cleanup. Then the final transaction misses the draft.
    const outcome = await stored.catch((error: Error) => error.message)
    expect([false, `draft ${id} was deleted before it was finished`]).toContain(outcome)
    expect(await chunksOf(model.id)).toBe(0)
    expect(await stores.models.get(model.id)).toBeNull()
    expect(await stores.jobs.get(claim.jobId)).toMatchObject({ status: 'running' })
  })
})

describe('the draft of a checkpoint', () => {
  it('counts as a whole before its first chunk, until it is deleted', async () => {
    const { jobId, attempt } = await startJob(stores)
    const storedBytes = async () => {
      const { _sum } = await stores.database.tenantUse.aggregate({ _sum: { storedBytes: true } })
      return _sum.storedBytes
    }
    const before = (await storedBytes()) ?? 0
    const pieces = [new Uint8Array(3 * mebibyte), new Uint8Array(2 * mebibyte)]
    const draft = await writeDraft(stores.database, { jobId, attempt }, { text: '' }, pieces)
    if (draft === null) throw new Error('the claim holds')
    expect(await storedBytes()).toBe(before + 5 * mebibyte)
    await expectTrueCounters(stores.database)
    await dropDraft(stores.database, draft.id)
    expect(await storedBytes()).toBe(before)
  })
})
