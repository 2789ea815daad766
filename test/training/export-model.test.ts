/** What an export reads, refuses and checks before it is sent. */
import { writeFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SpoolSpace } from '../../src/datasets/reading/spool-space.js'
import { type ExportDependencies, exportModel, turnsOfExports } from '../../src/training/export-model.js'
import type { ExportOutcome, ExportTask } from '../../src/training/ports/export-process.js'
import type { NewModel } from '../../src/training/ports/models.js'
import { generated } from '../support/generated.js'
import { linearModel, openStores, type Stores, storeModel } from '../support/stores.js'

let stores: Stores
beforeAll(async () => {
  stores = await openStores()
})
afterAll(() => stores.close())

const request = { format: 'onnx', options: { preprocessing: true, names: 'descent' } } as const
const description = { name: 'a.onnx', mediaType: 'application/octet-stream' } as const
const never = new AbortController().signal

/** Dependencies with a process that writes these bytes and gives this outcome. Returns the tasks it was given, too. */
function dependencies({
  bytes = Uint8Array.of(1, 2, 3),
  outcome = { type: 'exported', ...description },
}: {
  bytes?: Uint8Array
  outcome?: ExportOutcome
} = {}) {
  const tasks: (ExportTask & { weights: Buffer })[] = []
  const { models, jobs, datasets } = stores
  const turns = turnsOfExports()
  const given: ExportDependencies = {
    tenantId: 'local',
    models,
    all: models,
    jobs,
    datasets,
    generated: generated.of('local'),
    turns,
    space: new SpoolSpace(),
    process: {
      async export(task, weights, path) {
        tasks.push({ ...task, weights: await buffer(weights) })
        await writeFile(path, bytes)
        return outcome
      },
    },
  }
  return { given, tasks, turns }
}

/** A model of the built-in dataset xor, on which the jobs of these tests train. */
const xorModel = (changes: Partial<NewModel> = {}): NewModel => {
  const { coding, ...rest } = linearModel()
  const features = ['x2', 'x1'].map((name) => ({ type: 'number' as const, name, offset: 0, scale: 1 }))
  return { ...rest, coding: { ...coding, features }, ...changes }
}

describe('an export', () => {
  it('gets the weights and the rows of the dataset, in the order of the features', async () => {
    const { id } = await storeModel(stores, xorModel())
    const { given, tasks } = dependencies()
    const exported = await exportModel(given, id, request)
    expect(tasks).toEqual([])
    const sent = await exported.write(never)
    expect(sent).toMatchObject({ ...description, bytes: 3 })
    expect(await buffer(sent.read())).toEqual(Buffer.of(1, 2, 3))
    await sent.close()
    expect(tasks[0].rows).toEqual([
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ])
    expect([0, 4, 8].map((offset) => tasks[0].weights.readFloatLE(offset))).toEqual([2, 3, 1])
    expect(tasks[0].weightBytes).toBe(12)
  })

  it('gets no rows of a deleted dataset', async () => {
    const { id } = await storeModel(stores, xorModel())
    const { given, tasks } = dependencies()
    const datasets = { get: async () => null, rows: async () => null }
    const { jobId } = (await stores.models.get(id)) ?? {}
    const job = await stores.jobs.get(jobId ?? '')
    if (job === null) throw new Error('the model has no job')
    const gone = { ...job, spec: { ...job.spec, dataset: 'ds_00000000000000000000000000000000' } }
    const exported = await exportModel({ ...given, datasets, jobs: { get: async () => gone } }, id, request)
    await (await exported.write(never)).close()
    expect(tasks[0].rows).toEqual([])
  })

  it('is not sent if its predictions differ, and ends its turn', async () => {
    const { id } = await storeModel(stores, xorModel())
    const { given, turns } = dependencies({
      outcome: { type: 'different', difference: 'row 0 gives 1 instead of 2' },
    })
    const exported = await exportModel(given, id, request)
    await expect(exported.write(never)).rejects.toMatchObject({
      code: 'integrity',
      detail: expect.stringContaining('row 0 gives 1 instead of 2'),
    })
    expect(turns.held('local')).toBe(0)
  })

  it('holds no turn while its file is being sent', async () => {
    const { id } = await storeModel(stores, xorModel())
    const { given, turns } = dependencies()
    const { close } = await (await exportModel(given, id, request)).write(never)
    expect(turns.held('local')).toBe(0)
    await close()
  })

  it('is refused while files of its tenant that are being sent take more than the disk has left', async () => {
    const { id } = await storeModel(stores, xorModel())
    const bytes = new Uint8Array(4 * 1024 * 1024)
    const { given } = dependencies({ bytes })
    const space = new SpoolSpace('/', async () => bytes.length)
    const write = async () => (await exportModel({ ...given, space }, id, request)).write(never)
    const first = await write()
    for (let again = 0; again < 2; again++)
      await expect(write()).rejects.toMatchObject({ code: 'overloaded' })
    await first.close()
    await (await write()).close()
  })

  it('of a model above the limit is refused before anything is read', async () => {
    const { id } = await storeModel(stores, xorModel())
    const model = await stores.models.get(id)
    if (model === null) throw new Error('the model is missing')
    const weightBytes = 64 * 1024 * 1024 + 4
    const { given } = dependencies()
    const models = { get: async () => ({ ...model, weightBytes }) }
    await expect(exportModel({ ...given, models }, id, request)).rejects.toMatchObject({
      code: 'not-exportable',
      detail:
        'The model has 67108868 bytes of weights; a file of the format onnx holds at most 67108864. ' +
        'Use format=safetensors with names=descent, which has no limit.',
    })
  })
})
