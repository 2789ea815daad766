/** Uploads, predictions and downloads of the client. */
import { createReadStream, openAsBlob } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, expectTypeOf, it, onTestFinished } from 'vitest'
import {
  ConnectionError,
  Descent,
  type Label,
  NotFoundError,
  type Row,
  type UploadProgress,
  type UploadSource,
} from '../../sdk/src/index.js'
import { fixture, fixtureFile } from '../imports/fixtures.js'
import { openApp, type RunningApp } from '../support/app.js'
import { openFaultyProxy, rawAnswer } from '../support/faulty-proxy.js'
import { eventually } from '../support/service.js'
import { storeModel } from '../support/stores.js'

let service: RunningApp
let url: string
let client: Descent

beforeAll(async () => {
  service = await openApp()
  url = await service.app.listen({ host: '127.0.0.1', port: 0 })
  client = new Descent({ url })
})

afterAll(() => service.close())

const file = 'examples/iris.csv'
const blob = () => openAsBlob(file, { type: 'text/csv' })
const part = (name: string) => new File(['x,y\n1,2\n'], name, { type: 'text/csv' })

async function openProxy() {
  const proxy = await openFaultyProxy(() => url)
  onTestFinished(() => proxy.close())
  return proxy
}

describe('an upload', () => {
  it.each<[string, () => Promise<UploadSource> | UploadSource, boolean]>([
    ['a Blob of a file', blob, true],
    ['text', () => readFile(file, 'utf8'), true],
    ['bytes', () => readFile(file), true],
    ['a stream', async () => (await blob()).stream(), false],
    ['a stream of Node.js', () => createReadStream(file, { highWaterMark: 1_000 }), false],
    ['a form', async () => [new File([await readFile(file)], 'iris.csv')], true],
  ])('of %s has a progress', async (_name, source, hasTotal) => {
    const progress: UploadProgress[] = []
    const dataset = await client.datasets.upload(
      await source(),
      { name: 'flowers', target: ['species'] },
      { onProgress: (each) => progress.push(each) },
    )
    expect(dataset).toMatchObject({ name: 'flowers', rows: 150, target: 'species' })
    const { size } = await blob()
    const last = progress.at(-1)
    expect(last?.sentBytes).toBeGreaterThanOrEqual(size)
    expect(last?.totalBytes).toBe(hasTotal ? last?.sentBytes : undefined)
    const sent = progress.map(({ sentBytes }) => sentBytes)
    expect(sent).toEqual(sent.toSorted((a, b) => a - b))
  })

  it('takes types, missing values and several files', async () => {
    const csv = 'zip,city,age,y\n1,a,?,0\n2,b,4,1\n3,a,-,0\n4,b,6,1\n'
    const { columns } = await client.datasets.preview(csv, {
      types: { zip: 'category' },
      missing: { age: 'mean' },
      missingValues: ['-', '?'],
    })
    expect(columns).toMatchObject([
      { name: 'zip', type: 'category' },
      { name: 'city' },
      { name: 'age', type: 'number', missing: 2 },
      { name: 'y' },
    ])
    const twice = client.datasets.preview([part('a.csv'), part('b.csv')])
    await expect(twice).rejects.toMatchObject({ code: 'invalid-dataset' })
  })

  it('is repeated when the service was overloaded, but not when the answer is lost', async () => {
    const proxy = await openProxy()
    const overloaded = { code: 'overloaded', status: 503, title: '', detail: '' }
    proxy.fail({ answer: rawAnswer(503, { 'retry-after': '0' }, overloaded) }, 'lose answer')
    const failing = new Descent({ url: proxy.url }).datasets.upload(await blob())
    await expect(failing).rejects.toThrow(ConnectionError)
    expect(proxy.connections).toBe(2)
  })

  it('ends with the signal', async () => {
    const controller = new AbortController()
    const reason = new Error('wrong file')
    let rows = 0
    let isReleased = false
    async function* growing() {
      try {
        yield 'x,y\n'
        for (; rows < 10_000; rows++) {
          await turn()
          if (rows === 50) controller.abort(reason)
          yield `${rows},1\n`
        }
      } finally {
        isReleased = true
      }
    }
    const uploading = client.datasets.upload(growing(), {}, { signal: controller.signal })
    await expect(uploading).rejects.toBe(reason)
    await eventually(() => isReleased || undefined)
    expect(rows).toBeLessThan(200)
  })

  it('is read, listed and deleted', async () => {
    const { id } = await client.datasets.upload('a,b\n1,x\n2,y\n3,x\n', { name: 'small' })
    expect((await client.datasets.get(id)).name).toBe('small')
    const rows: unknown[] = []
    for await (const row of client.datasets.rows(id)) rows.push(row)
    expect(rows).toEqual([
      { a: 1, b: 'x' },
      { a: 2, b: 'y' },
      { a: 3, b: 'x' },
    ])
    let flowers = 0
    for await (const _ of client.datasets.rows('iris')) flowers++
    expect(flowers).toBe(150)
    const ids: string[] = []
    for await (const dataset of client.datasets.list({ limit: 1 })) ids.push(dataset.id)
    expect(ids).toContain(id)
    await client.datasets.delete(id)
    await expect(client.datasets.get(id)).rejects.toThrow(NotFoundError)
  })
})

describe('a model', () => {
  it('predicts for objects and lists', async () => {
    // output = 2 a + 3 b + 1
    const { id } = await storeModel(service)
    const rows = [{ a: 1, b: 2 }, [3, 4]]
    const { predictions } = await client.models.predict(id, rows)
    expect(predictions.map((prediction) => prediction?.output)).toEqual([[9], [19]])
    const typed = client.models.of(id, [
      { name: 'a', type: 'number' },
      { name: 'b', type: 'number' },
    ])
    expect((await typed.predict([{ a: 0, b: 1 }])).predictions[0]?.output).toEqual([4])
  })

  it('is imported once, though the answer is lost, and exported', async () => {
    const { network } = fixture('mlp')
    const proxy = await openProxy()
    proxy.fail('lose answer')
    const through = new Descent({ url: proxy.url })
    const before = await service.database.model.count()
    const progress: UploadProgress[] = []
    const model = await through.models.import(
      new Blob([fixtureFile('mlp.safetensors')]),
      {
        name: 'torch',
        network,
        columns: ['a', 'b', 'c', 'd'],
        targets: ['species'],
        classes: ['x', 'y', 'z'],
      },
      { onProgress: (each) => progress.push(each) },
    )
    expect(await service.database.model.count()).toBe(before + 1)
    expect(progress.at(-1)?.sentBytes).toBe(progress.at(-1)?.totalBytes)
    const weights = await (await client.models.weights(model.id)).arrayBuffer()
    expect(weights.byteLength).toBeGreaterThan(1_000)
    const code = await (await client.models.export(model.id, { format: 'javascript' })).text()
    expect(code).toContain('export')
    const refused = client.models.export('mdl_1', { format: 'javascript' })
    await expect(refused).rejects.toThrow(NotFoundError)
    const names: (string | null)[] = []
    for await (const { name } of client.models.list({ name: 'torch' })) names.push(name)
    expect(names).toEqual(['torch'])
    await client.models.delete(model.id)
    await expect(client.models.get(model.id)).rejects.toThrow(NotFoundError)
  })
})

const columns = [
  { name: 'petal length', type: 'number' },
  { name: 'colour', type: 'category', categories: ['white', 'blue'] },
  { name: 'scent', type: 'boolean' },
  { name: 'found', type: 'date', imputation: 'mean' },
  { name: 'note', type: 'ignored' },
  { name: 'id', type: 'number', role: 'none' },
  { name: 'species', type: 'category', role: 'target', categories: ['setosa', 'virginica'] },
] as const

describe('the type of a row', () => {
  it('follows the columns', () => {
    interface Flower {
      'petal length': number
      colour: 'white' | 'blue'
      scent: boolean
      found: string | null
    }
    expectTypeOf<Row<typeof columns>>().branded.toEqualTypeOf<Flower>()
    expectTypeOf<Label<typeof columns>>().toEqualTypeOf<'setosa' | 'virginica'>()
  })

  it('refuses other rows', () => {
    const flowers = client.models.of<typeof columns>('mdl_1')
    const flower = { 'petal length': 1.4, colour: 'white', scent: true, found: '2026-01-01' } as const
    const use = async () => {
      const { predictions } = await flowers.predict([flower])
      expectTypeOf(predictions[0]?.label).toEqualTypeOf<'setosa' | 'virginica' | undefined>()
      expectTypeOf(predictions[0]?.probabilities?.setosa).toEqualTypeOf<number | undefined>()
      // @ts-expect-error: no such colour
      await flowers.predict([{ ...flower, colour: 'green' }])
      // @ts-expect-error: a column is missing
      await flowers.predict([{ colour: 'white' }])
      await flowers.predict([{ ...flower, found: null }])
      // @ts-expect-error: this column has no imputation
      await flowers.predict([{ ...flower, scent: null }])
      // @ts-expect-error: not a number
      await flowers.predict([{ ...flower, 'petal length': '1.4' }])
      // @ts-expect-error: no such class
      predictions[0]?.label === 'rose'
    }
    expect(use).toBeInstanceOf(Function)
  })

  it('is any row when the columns are known at run time only', async () => {
    const dataset = await client.datasets.get('iris')
    const model = client.models.of('mdl_1', dataset.columns)
    expectTypeOf(model.predict)
      .parameter(0)
      .items.toEqualTypeOf<Record<string, number | string | boolean | null>>()
  })
})
