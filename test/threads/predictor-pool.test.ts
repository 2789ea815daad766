/** Predictions at once and by threads, as built, on stored models. */
import { readdirSync } from 'node:fs'
import { getPriority } from 'node:os'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { lowPriority, middlePriority } from '../../src/base/low-priority.js'
import type { Model } from '../../src/contract/model.js'
import { layerSchema } from '../../src/contract/network.js'
import { describeTable, type Table } from '../../src/datasets/table.js'
import type { PredictorPool } from '../../src/training/ports/predictor-pool.js'
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
  pool = predictorPool.openPredictorPool(stores.models, { backend: 'auto', threads: 2 })
})

afterEach(async () => {
  await pool.close()
  vi.restoreAllMocks()
})

/** output = slope · a */
const store = (slope: number) => stores.models.create(linearModel({ weights: float32Bytes([slope, 0, 0]) }))
const ask = async (model: Model, a: number) => (await pool.predict('local', model, Float32Array.of(a, 0)))[0]

const heads = ['a', 'b', 'y'].map((name) => ({ name, role: name === 'y' ? 'target' : 'feature' }) as const)

/** As large as it says it is, a thread answers for it. */
const storeLarge = async (slope: number, weightBytes = 4 * 1024 * 1024) => ({
  ...(await store(slope)),
  weightBytes,
})

const evaluate = (model: Model, table: Table) =>
  pool.evaluate('local', model, { table, only: null }, new AbortController().signal)

const side = 384
const slowRow = new Float32Array(side * side)

/** A row of it costs more than a call of a thread should. */
function storeSlow() {
  const convolution = layerSchema.parse({
    ...{ type: 'conv2d', filters: 64, kernelSize: 3, padding: 'same', useBias: false },
  })
  return stores.models.create(
    linearModel({
      network: {
        inputShape: [1, side, side],
        layers: [convolution, convolution, { type: 'globalAveragePooling2d' }],
      },
      tensors: [
        { name: 'layers.0.weight', shape: [64, 1, 3, 3], offset: 0 },
        { name: 'layers.1.weight', shape: [64, 64, 3, 3], offset: 576 },
      ],
      weights: new Uint8Array(4 * (576 + 64 * 576)),
    }),
  )
}

/** Rows of 0, 1, 2, … as the first input. */
const counted = (rows: number) =>
  Float32Array.from({ length: 2 * rows }, (_, index) => (index % 2 === 0 ? index / 2 : 0))

describe('predictions', () => {
  it('of many concurrent models reach their callers, and each model is loaded once', async () => {
    const models = await Promise.all(upTo(5).map(store))
    const loads = vi.spyOn(stores.models, 'weights')
    const answers = await Promise.all(upTo(50).map((a) => ask(models[a % 5], a)))
    expect(answers).toEqual(upTo(50).map((a) => a * ((a % 5) + 1)))
    expect(loads).toHaveBeenCalledTimes(5)
  })

  it('of many rows are in order', async () => {
    for (const model of [await store(2), await storeLarge(2)]) {
      const outputs = await pool.predict('local', model, counted(1_000))
      expect(outputs).toEqual(Float32Array.from({ length: 1_000 }, (_, row) => 2 * row))
    }
  })

  it('of a small network return at once after its weights are loaded', async () => {
    const model = await store(2)
    await ask(model, 1)
    expect(pool.predict('local', model, Float32Array.of(4, 0))).toEqual(Float32Array.of(8))
    const answer = pool.predict('local', model, counted(200_000))
    expect(answer).toBeInstanceOf(Promise)
    await answer
  })

  it.runIf(process.platform === 'linux' && getPriority() < middlePriority)(
    'by threads have a lower priority, slow ones and evaluations the lowest',
    async () => {
      const count = (priority: number) =>
        readdirSync('/proc/self/task').filter((thread) => getPriority(Number(thread)) === priority).length
      const [middle, low] = [count(middlePriority), count(lowPriority)]
      await ask(await storeLarge(2), 1)
      expect(count(middlePriority)).toBe(middle + 1)
      await pool.predict('slow', await storeSlow(), slowRow)
      expect(count(lowPriority)).toBe(low + 1)
      const table = describeTable(heads, Float64Array.of(1, 2, 3))
      await evaluate(await store(1), table)
      expect(count(lowPriority)).toBe(low + 2)
      expect(count(middlePriority)).toBe(middle + 1)
    },
  )

  it('of a network of few weights and many positions are computed by a thread', async () => {
    const side = 128
    const model = await stores.models.create(
      linearModel({
        network: {
          inputShape: [1, side, side],
          layers: [
            {
              type: 'conv2d',
              filters: 8,
              kernelSize: 3,
              strides: 1,
              padding: 'same',
              activation: 'linear',
              useBias: true,
            },
            { type: 'globalAveragePooling2d' },
          ],
        },
        tensors: [
          { name: 'layers.0.weight', shape: [8, 1, 3, 3], offset: 0 },
          { name: 'layers.0.bias', shape: [8], offset: 72 },
        ],
        weights: float32Bytes(
          Array.from({ length: 80 }, (_, position) => (position < 72 ? 0 : position - 72)),
        ),
      }),
    )
    const inputs = new Float32Array(side * side)
    await pool.predict('local', model, inputs)
    const answer = pool.predict('local', model, inputs)
    expect(answer).toBeInstanceOf(Promise)
    expect(await answer).toEqual(Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7))
  })

  it('that wait for the same model share a call, and reach their callers', async () => {
    const models = [await storeLarge(1), await storeLarge(3)]
    const answers = upTo(60).map((rows) => pool.predict('local', models[rows % 2], counted(rows)))
    for (const [index, answer] of (await Promise.all(answers)).entries()) {
      const slope = (index + 1) % 2 === 0 ? 1 : 3
      expect(answer).toEqual(Float32Array.from({ length: index + 1 }, (_, row) => slope * row))
    }
  })

  it('of very many rows let those of another model pass', async () => {
    const [many, few] = [await storeLarge(2), await storeLarge(3)]
    await Promise.all([ask(many, 1), ask(few, 1)])
    const ends: string[] = []
    const rows = 300_000
    const [outputs] = await Promise.all([
      Promise.resolve(pool.predict('local', many, counted(rows))).finally(() => ends.push('many')),
      ask(few, 1).finally(() => ends.push('few')),
    ])
    expect(ends).toEqual(['few', 'many'])
    expect([outputs.length, outputs.every((output, row) => output === 2 * row)]).toEqual([rows, true])
  })

  it('of a model with slow rows do not delay those of others', async () => {
    const slow = await storeSlow()
    const quick = await storeLarge(2)
    await ask(quick, 1)
    await pool.predict('slow', slow, slowRow)
    const ends: string[] = []
    const answers = upTo(3).map(() =>
      Promise.resolve(pool.predict('slow', slow, slowRow)).finally(() => ends.push('slow')),
    )
    expect(await ask(quick, 3).finally(() => ends.push('quick'))).toBe(6)
    await Promise.all(answers)
    expect(ends[0]).toBe('quick')
  })

  it('evict the least recently used models above the limit', async () => {
    // As large as they say they are, three of them do not fit.
    const bytes = 200 * 1024 * 1024
    const [first, second, third] = [
      await storeLarge(1, bytes),
      await storeLarge(2, bytes),
      await storeLarge(3, bytes),
    ]
    const loads = vi.spyOn(stores.models, 'openWeights')
    await ask(first, 1)
    await ask(second, 1)
    await ask(first, 1)
    expect(await ask(third, 1)).toBe(3)
    expect(await ask(first, 1)).toBe(1)
    expect(loads).toHaveBeenCalledTimes(3)
    expect(await ask(second, 1)).toBe(2)
    expect(loads).toHaveBeenCalledTimes(4)
  })

  it.each([
    ['at once', store],
    ['by a thread', storeLarge],
  ])('continue after a model that fails %s', async (_, storeAs) => {
    const good = await storeAs(2)
    expect(await ask(good, 1)).toBe(2)
    const { weightBytes } = good
    const broken = await stores.models.create(
      linearModel({ tensors: [{ name: 'other', shape: [3], offset: 0 }] }),
    )
    const refused = [1, 2, 3].map((a) => expect(ask({ ...broken, weightBytes }, a)).rejects.toThrow())
    await Promise.all(refused)
    expect(await ask(good, 3)).toBe(6)
  })

  it('of a model with damaged weights fail each time, and no others', async () => {
    const [damaged, good] = [await store(1), await store(2)]
    await stores.database.weightChunk.updateMany({
      where: { modelId: damaged.id },
      data: { bytes: new Uint8Array(12) },
    })
    await expect(ask(damaged, 1)).rejects.toThrow('do not match')
    await expect(ask(damaged, 1)).rejects.toThrow('do not match')
    expect(await ask(good, 1)).toBe(2)
  })

  it('of a deleted model fail', async () => {
    const model = await store(1)
    await stores.database.model.delete({ where: { id: model.id } })
    await expect(ask(model, 1)).rejects.toThrow(`There is no model ${model.id}.`)
  })

  it.each([
    ['at once', store],
    ['by a thread', storeLarge],
  ])('%s free the memory of a deleted model', async (_, storeAs) => {
    const model = await storeAs(1)
    expect(await ask(model, 1)).toBe(1)
    await stores.database.model.delete({ where: { id: model.id } })
    // A loaded model answers until its deletion is noticed.
    expect(await ask(model, 2)).toBe(2)
    expect(await stores.models.get(model.id)).toBeNull()
    await expect(ask(model, 3)).rejects.toThrow(`There is no model ${model.id}.`)
  })

  it('end with the pool', async () => {
    const model = await storeLarge(1)
    await ask(model, 1)
    const pending = expect(ask(model, 1)).rejects.toMatchObject({ code: 'unavailable' })
    await pool.close()
    await pending
    await expect(ask(model, 1)).rejects.toMatchObject({ code: 'unavailable' })
  })
})

describe('boundaries', () => {
  it('of a stored model read its weights once, and show its outputs', async () => {
    const model = await store(2)
    const loads = vi.spyOn(stores.models, 'openWeights')
    const axes = [
      { column: 'a', min: 0, max: 10 },
      { column: 'b', min: 0, max: 1 },
    ]
    const frames = await Promise.all(
      upTo(3).map(() => pool.drawBoundary({ tenantId: 'local', model, axes, size: 2 })),
    )
    // 2a, of a = 0 and 10.
    for (const frame of frames) expect(frame).toMatchObject({ outputs: 1, range: [0, 20] })
    expect(loads).toHaveBeenCalledTimes(1)
  })
})

describe('evaluations', () => {
  it('of many rows let other calls pass', async () => {
    const model = await store(2)
    const rows = 120_000
    const values = Float64Array.from({ length: 3 * rows }, (_, position) =>
      position % 3 === 1 ? 0 : Math.floor(position / 3),
    )
    const table = describeTable(heads, values)
    await ask(model, 1)
    const ends: string[] = []
    const evaluation = evaluate(model, table).then((outcome) => {
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

  it('name what does not fit', async () => {
    const table = describeTable(heads.slice(1), Float64Array.of(1, 2))
    expect(await evaluate(await store(1), table)).toEqual({
      type: 'refused',
      code: 'invalid-dataset',
      message: 'the rows have no column a, which the network was trained on',
    })
  })
})

describe('evaluations of a client that leaves', () => {
  it('stop after the rows that are being evaluated, and the thread goes on', async () => {
    const model = await store(2)
    const rows = 100_000
    const table = describeTable(heads, new Float64Array(3 * rows))
    const controller = new AbortController()
    const { signal } = controller
    // The first slice has fewer rows, so the thread receives the stop after it.
    const onStart = () => setImmediate(() => controller.abort(new Error('the client has left')))
    const stopped = pool.evaluate('local', model, { table, only: null }, signal, { onLoad() {}, onStart })
    await expect(stopped).rejects.toThrow('the client has left')
    expect(await evaluate(model, describeTable(heads, Float64Array.of(1, 0, 1)))).toMatchObject({
      evaluation: { count: 1, targets: [{ mae: 1 }] },
    })
  })
})

describe('rankings', () => {
  it('of very many rows stop when the signal aborts, and the thread goes on', async () => {
    const model = await store(2)
    const rows = 400_000
    const values = Float64Array.from({ length: 3 * rows }, (_, index) => Math.floor(index / 3))
    const controller = new AbortController()
    const begin = performance.now()
    const rank = (signal: AbortSignal) =>
      pool.rank(
        'local',
        model,
        { table: describeTable(heads, values), only: null },
        { limit: 2, cell: null },
        signal,
      )
    const stopped = rank(controller.signal)
    setTimeout(() => controller.abort(new Error('the client has left')), 20)
    await expect(stopped).rejects.toThrow('the client has left')
    const stoppedAfter = performance.now() - begin
    // Answers are 2a and targets a, so the last rows have the largest losses, a² / 2.
    const outcome = await rank(new AbortController().signal)
    const wholeTime = performance.now() - begin - stoppedAfter
    expect(stoppedAfter).toBeLessThan(wholeTime)
    expect(outcome).toMatchObject({
      type: 'ranked',
      ranking: {
        count: rows,
        rows: [
          { row: rows - 1, loss: (rows - 1) ** 2 / 2 },
          { row: rows - 2, loss: (rows - 2) ** 2 / 2 },
        ],
      },
    })
  })
})
