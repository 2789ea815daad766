/** The prediction thread, as built, on stored models. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Model } from '../../src/contract/model.js'
import { describeTable } from '../../src/datasets/table.js'
import type { PredictorPool } from '../../src/training/ports.js'
import { predictorPool } from '../support/built.js'
import { float32Bytes, linearModel, openStores, type Stores } from '../support/stores.js'
import { upTo } from '../support/watching.js'

let stores: Stores
let pool: PredictorPool

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

beforeEach(() => {
  pool = predictorPool.openPredictorPool(stores.models, 'auto')
})

afterEach(async () => {
  await pool.close()
  vi.restoreAllMocks()
})

/** output = slope · a */
const store = (slope: number) => stores.models.create(linearModel({ weights: float32Bytes([slope, 0, 0]) }))
const ask = async (model: Model, a: number) => (await pool.predict(model, Float32Array.of(a, 0)))[0]

describe('predictions', () => {
  it('of many models at once go to whoever asked, and each model is loaded once', async () => {
    const models = await Promise.all(upTo(5).map(store))
    const loads = vi.spyOn(stores.models, 'weights')
    const answers = await Promise.all(upTo(50).map((a) => ask(models[a % 5], a)))
    expect(answers).toEqual(upTo(50).map((a) => a * ((a % 5) + 1)))
    expect(loads).toHaveBeenCalledTimes(5)
  })

  it('of many rows come in their order', async () => {
    const model = await store(2)
    const inputs = Float32Array.from({ length: 2_000 }, (_, index) => (index % 2 === 0 ? index / 2 : 0))
    const outputs = await pool.predict(model, inputs)
    expect(outputs).toEqual(Float32Array.from({ length: 1_000 }, (_, row) => 2 * row))
  })

  it('drop the models asked for longest ago when they are too many to hold', async () => {
    // As large as they say they are, three of them do not fit.
    const large = async (slope: number) => ({ ...(await store(slope)), weightBytes: 200 * 1024 * 1024 })
    const [first, second, third] = [await large(1), await large(2), await large(3)]
    const loads = vi.spyOn(stores.models, 'weights')
    await ask(first, 1)
    await ask(second, 1)
    await ask(first, 1)
    expect(await ask(third, 1)).toBe(3)
    expect(await ask(first, 1)).toBe(1)
    expect(loads).toHaveBeenCalledTimes(3)
    expect(await ask(second, 1)).toBe(2)
    expect(loads).toHaveBeenCalledTimes(4)
  })

  it('go on after the thread died of a model', async () => {
    const good = await store(2)
    expect(await ask(good, 1)).toBe(2)
    const broken = await stores.models.create(
      linearModel({ tensors: [{ name: 'other', shape: [3], offset: 0 }] }),
    )
    await expect(ask(broken, 1)).rejects.toThrow('other')
    expect(await ask(good, 3)).toBe(6)
  })

  it('of a model whose weights are damaged fail each time, and only those', async () => {
    const [damaged, good] = [await store(1), await store(2)]
    await stores.database.weightChunk.updateMany({
      where: { modelId: damaged.id },
      data: { bytes: new Uint8Array(12) },
    })
    await expect(ask(damaged, 1)).rejects.toThrow('do not match')
    await expect(ask(damaged, 1)).rejects.toThrow('do not match')
    expect(await ask(good, 1)).toBe(2)
  })

  it('of a model that is gone fail', async () => {
    const model = await store(1)
    await stores.database.model.delete({ where: { id: model.id } })
    await expect(ask(model, 1)).rejects.toThrow(`There is no model ${model.id}.`)
  })

  it('end with the pool', async () => {
    const model = await store(1)
    await ask(model, 1)
    const pending = expect(ask(model, 1)).rejects.toThrow()
    await pool.close()
    await pending
    await expect(ask(model, 1)).rejects.toThrow('closed')
  })
})

describe('evaluations', () => {
  const heads = ['a', 'b', 'y'].map((name) => ({ name, role: name === 'y' ? 'target' : 'feature' }) as const)

  it('of many rows let others ask in between', async () => {
    const model = await store(2)
    const rows = 120_000
    const values = Float64Array.from({ length: 3 * rows }, (_, place) =>
      place % 3 === 1 ? 0 : Math.floor(place / 3),
    )
    const table = describeTable(heads, values)
    await ask(model, 1)
    const ends: string[] = []
    const evaluation = pool.evaluate(model, table).then((outcome) => {
      ends.push('evaluation')
      return outcome
    })
    expect(await ask(model, 3)).toBe(6)
    ends.push('prediction')
    // Answers are 2a and targets a, so the mean absolute error is the mean of a.
    const chosen = upTo(100_000).map((index) => Math.floor(((index - 1) * rows) / 100_000))
    expect(await evaluation).toMatchObject({
      type: 'evaluated',
      unlabelled: 0,
      evaluation: {
        available: rows,
        count: 100_000,
        targets: [{ mae: expect.closeTo(chosen.reduce((sum, row) => sum + row, 0) / 100_000, 1) }],
      },
    })
    expect(ends).toEqual(['prediction', 'evaluation'])
  })

  it('say what does not fit', async () => {
    const table = describeTable(heads.slice(1), Float64Array.of(1, 2))
    expect(await pool.evaluate(await store(1), table)).toEqual({
      type: 'refused',
      code: 'invalid-dataset',
      message: 'the rows have no column a, which the network was trained with',
    })
  })
})
