/** What an export reads, refuses and checks before it is sent. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ExportedFile } from '../../src/exports/exporter.js'
import { type ExportDependencies, exportModel, turnsOfExports } from '../../src/training/export-model.js'
import type { ExportOutcome, ExportTask } from '../../src/training/ports/export-thread.js'
import type { NewModel } from '../../src/training/ports/models.js'
import { generated } from '../support/generated.js'
import { linearModel, openStores, type Stores, storeModel } from '../support/stores.js'

let stores: Stores
beforeAll(async () => {
  stores = await openStores()
})
afterAll(() => stores.close())

const request = { format: 'onnx', options: { preprocessing: true, names: 'descent' } } as const
const file: ExportedFile = {
  name: 'a.onnx',
  mediaType: 'application/octet-stream',
  bytes: Uint8Array.of(1),
}
const never = new AbortController().signal

/** Dependencies with a thread that gives this outcome, and the tasks it was given. */
function dependencies(outcome: ExportOutcome = { type: 'exported', file }) {
  const tasks: ExportTask[] = []
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
    thread: {
      async export(task) {
        tasks.push(task)
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
    expect((await exported.write(never)).file).toEqual(file)
    expect(tasks[0].rows).toEqual([
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ])
    expect([...new Float32Array(tasks[0].weights.buffer)]).toEqual([2, 3, 1])
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
    await exported.write(never)
    expect(tasks[0].rows).toEqual([])
  })

  it('is not sent if its predictions differ, and ends its turn', async () => {
    const { id } = await storeModel(stores, xorModel())
    const { given, turns } = dependencies({ type: 'different', difference: 'row 0 gives 1 instead of 2' })
    const exported = await exportModel(given, id, request)
    await expect(exported.write(never)).rejects.toMatchObject({
      code: 'integrity',
      detail: expect.stringContaining('row 0 gives 1 instead of 2'),
    })
    expect(turns.held('local')).toBe(0)
  })

  it('holds its turn until the file is released', async () => {
    const { id } = await storeModel(stores, xorModel())
    const { given, turns } = dependencies()
    const { release } = await (await exportModel(given, id, request)).write(never)
    expect(turns.held('local')).toBe(1)
    release()
    expect(turns.held('local')).toBe(0)
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
