/** Predictions of a model y = 2a + 3b + 1 for raw rows as JSON and CSV, and for pictures. */
import { parse } from 'csv-parse/sync'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Coding } from '../../src/contract/dataset.js'
import { encodePng } from '../../src/datasets/png.js'
import { openApp, type RunningApp } from '../support/app.js'
import { linearModel, storeModel } from '../support/stores.js'

let service: RunningApp
beforeAll(async () => {
  service = await openApp()
})
afterAll(() => service.close())

const api = () => request(service.app.server)

async function modelWith(coding: Partial<Coding>): Promise<string> {
  const plain = linearModel()
  const { id } = await storeModel(service, { ...plain, coding: { ...plain.coding, ...coding } })
  return id
}

/** One sigmoid unit on 2a + 3b + 1. */
async function twoClasses(): Promise<string> {
  const plain = linearModel()
  const layer = { ...plain.network.layers[0], activation: 'sigmoid' as const }
  const [summary] = plain.layers
  const { id } = await storeModel(
    service,
    linearModel({
      network: { inputShape: [2], layers: [layer] },
      layers: [{ ...summary, activation: 'sigmoid' }],
      loss: 'binaryCrossentropy',
      coding: { ...plain.coding, target: { type: 'binary', name: 'churn', classes: ['no', 'yes'] } },
    }),
  )
  return id
}

const predict = (id: string, inputs: unknown) => api().post(`/models/${id}/predict`).send({ inputs })

describe('rows', () => {
  it('may be raw: other columns, spaces, numbers as text', async () => {
    const id = await modelWith({ ignored: ['note', 'y'] })
    const { body } = await predict(id, [{ ' a ': ' 1 ', b: '2', note: 'late', y: 5 }]).expect(200)
    expect(body).toEqual({ modelId: id, predictions: [{ output: [9] }] })
  })

  it('that are invalid do not affect the others', async () => {
    const id = await modelWith({})
    const { body } = await predict(id, [[1, 2], [1], { a: 1, b: 'x' }, [3, 4]]).expect(200)
    expect(body.predictions).toEqual([{ output: [9] }, null, null, { output: [19] }])
    expect(body.errors).toEqual([
      { row: 1, pointer: '/inputs/1', message: 'has 1 value, but the model takes 2 values: a, b' },
      { row: 2, pointer: '/inputs/2/b', message: 'b: "x" is not a number' },
    ])
    const refused = await predict(id, [[1], [2]])
    expect([refused.status, refused.body.code]).toEqual([422, 'invalid-input'])
    expect(refused.body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
      '/inputs/0',
      '/inputs/1',
    ])
  })

  it('of a query string are parsed in the same way', async () => {
    const id = await modelWith({
      features: [
        { type: 'number', name: 'größe', offset: 0, scale: 1 },
        { type: 'number', name: 'b', offset: 0, scale: 1, imputation: 4 },
      ],
    })
    const ask = (query: string) => api().get(`/models/${id}/predict?${query}`)
    const name = encodeURIComponent('größe'.normalize('NFD'))
    expect((await ask(`${name}=%201%20&b=NA`)).body.predictions).toEqual([{ output: [15] }])
    const rows = await ask('x=1,2&x=1,b&x=1,&x=1')
    expect(rows.body.predictions).toEqual([{ output: [9] }, null, { output: [15] }, null])
    expect(rows.body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual(['/x/1/1', '/x/3'])
  })

  it('get predictions in the unit of the target', async () => {
    const scaling = { method: 'standardize' as const, offset: [100], scale: [10] }
    const id = await modelWith({ target: { type: 'number', names: ['price'], scaling } })
    // 100 + 10 · (2·1 + 3·2 + 1)
    expect((await predict(id, [[1, 2]])).body.predictions).toEqual([{ output: [190] }])
  })
})

describe('the threshold of two classes', () => {
  it('is ½ by default, and a change applies at once', async () => {
    const id = await twoClasses()
    expect((await api().get(`/models/${id}`)).body.threshold).toBe(0.5)
    const row = [[0, 0]]
    const before = (await predict(id, row)).body.predictions[0]
    // σ(1) = 0.731
    expect(before.probabilities.yes).toBeCloseTo(1 / (1 + Math.exp(-1)), 6)
    expect(before.label).toBe('yes')
    const changed = await api().patch(`/models/${id}`).send({ threshold: 0.8 }).expect(200)
    expect(changed.body.threshold).toBe(0.8)
    const after = (await predict(id, row)).body.predictions[0]
    expect(after).toEqual({ ...before, label: 'no' })
    expect((await api().get(`/models/${id}`)).body.threshold).toBe(0.8)
  })

  it('is refused without probabilities of two classes, and outside of 0 to 1', async () => {
    const id = await modelWith({})
    expect((await api().get(`/models/${id}`)).body.threshold).toBeNull()
    const refused = await api().patch(`/models/${id}`).send({ threshold: 0.3 })
    expect([refused.status, refused.body.code]).toEqual([422, 'invalid-input'])
    expect((await api().patch(`/models/${id}`).send({ threshold: 2 })).status).toBe(400)
    expect(
      (
        await api()
          .patch(`/models/mdl_${'0'.repeat(32)}`)
          .send({ threshold: 0.3 })
      ).status,
    ).toBe(404)
  })
})

describe('a table', () => {
  const send = (id: string, text: string, type = 'text/csv') =>
    api().post(`/models/${id}/predict`).set('content-type', type).send(text)

  it('gets a table with its columns, the prediction and the probabilities', async () => {
    const id = await twoClasses()
    const { text, headers } = await send(id, 'b,a\n0,0\n" -1 ",0\n')
    expect(headers['content-type']).toBe('text/csv; charset=utf-8')
    const rows = z.array(z.record(z.string(), z.string())).parse(parse(text, { columns: true }))
    expect(rows.map(({ a, b, prediction }) => [a, b, prediction])).toEqual([
      ['0', '0', 'yes'],
      ['0', ' -1 ', 'no'],
    ])
    const [first] = rows
    expect(Object.keys(first)).toEqual(['b', 'a', 'prediction', 'probability no', 'probability yes'])
    expect(Number(first['probability yes'])).toBeCloseTo(1 / (1 + Math.exp(-1)), 6)
  })

  it('keeps its delimiter, its quotes and its invalid rows', async () => {
    const id = await modelWith({ ignored: ['note'] })
    const { text } = await send(id, 'note;a;b\n"x;""y""";1;2\nplain;;2\n')
    expect(text).toBe(
      'note;a;b;prediction;error\n' +
        '"x;""y""";1;2;9;\n' +
        'plain;;2;;a: is missing, and this column has no imputation\n',
    )
  })

  it('keeps its columns for any encoding, spaces and an unnamed first column', async () => {
    const plain = linearModel()
    const [a, b] = plain.coding.features
    const id = await modelWith({ features: [{ ...a, name: 'größe' }, b], ignored: ['note'] })
    const sent = ',größe,b,note\n0,1, 2 ," late, "\n'
    const answer = ',größe,b,note,prediction\n0,1,2," late, ",9\n'
    for (const bytes of [
      Buffer.from(sent, 'utf8'),
      Buffer.from(sent, 'latin1'),
      Buffer.from(`\ufeff${sent}`, 'utf8'),
      Buffer.from(`\ufeff${sent}`, 'utf16le'),
      Buffer.from(sent.normalize('NFD'), 'utf8'),
    ]) {
      const { text } = await send(id, '').send(bytes).expect(200)
      expect(text.normalize('NFC')).toBe(answer)
    }
    const tabs = await send(id, 'b\tgröße\n2\t1\n', 'Text/Tab-Separated-Values; charset=utf-8').expect(200)
    expect(tabs.text).toBe('b\tgröße\tprediction\n2\t1\t9\n')
  })

  it('with ragged lines, decimal commas and unknown words gets one result a line', async () => {
    const id = await modelWith({
      features: [
        { type: 'number', name: 'a', offset: 0, scale: 1, decimal: 'comma' },
        { type: 'category', name: 'b', categories: ['no'] },
      ],
    })
    const { text } = await send(id, 'a;b\n1,5;no\n1\n1;no;3\n1.000,5;yes;\n')
    expect(parse(text, { delimiter: ';' })).toEqual([
      ['a', 'b', 'prediction', 'warning', 'error'],
      ['1,5', 'no', '7', '', ''],
      ['1', '', '', '', 'line 3 has 1 cell, the header has 2 columns'],
      ['1', 'no', '', '', 'line 4 has 3 cells, the header has 2 columns'],
      ['1.000,5', 'yes', '2002', 'b: no training row has "yes", so it is encoded as none of no', ''],
    ])
  })

  it('is answered as JSON on request, and refused with a message if it is invalid', async () => {
    const id = await modelWith({})
    const json = await send(id, 'a,b\n1,2\n').set('accept', 'application/json').expect(200)
    expect(json.body.predictions).toEqual([{ output: [9] }])
    const ragged = await send(id, 'a,b\n1\n')
    expect([ragged.status, ragged.body.detail]).toEqual([
      422,
      '/0: line 2 has 1 cell, the header has 2 columns',
    ])
    const unknown = await send(id, 'a,b,bb\n1,2,3\n1,2,3\n')
    expect([unknown.status, unknown.body.errors]).toEqual([
      422,
      [{ pointer: '/bb', message: '"bb" is not an input; the inputs of this model are a, b' }],
    ])
    const missing = await send(id, 'a\n1\n')
    expect(missing.status).toBe(422)
    expect(missing.body.detail).toContain('b is missing')
  })
})

describe('a picture', () => {
  const image = { width: 2, height: 1, channels: 1 } as const
  // Black and white: 2 · 0 + 3 · 255 + 1.
  const send = async (id: string, type = 'image/png') =>
    api()
      .post(`/models/${id}/predict`)
      .set('content-type', type)
      .send(await encodePng(Uint8Array.of(0, 255), image))

  it('is scaled to the size of the training pictures', async () => {
    const bytes = await modelWith({ image: { ...image, white: 255 } })
    expect((await send(bytes)).body.predictions).toEqual([{ output: [766] }])
    const shares = await modelWith({ image: { ...image, white: 1 } })
    expect((await send(shares)).body.predictions).toEqual([{ output: [4] }])
  })

  it('is refused by a model of rows, if it is damaged, and with another type', async () => {
    const rows = await send(await modelWith({}))
    expect([rows.status, rows.body.code]).toEqual([415, 'unsupported-media-type'])
    expect(rows.body.detail).toContain('application/json or text/csv')
    const id = await modelWith({ image: { ...image, white: 255 } })
    const broken = await api()
      .post(`/models/${id}/predict`)
      .set('content-type', 'image/png')
      .send(Buffer.from('no picture'))
    expect([broken.status, broken.body.code]).toEqual([422, 'invalid-input'])
    const other = await api().post(`/models/${id}/predict`).set('content-type', 'image/gif').send('GIF89a')
    expect([other.status, other.body.code]).toEqual([415, 'unsupported-media-type'])
    expect(other.body.detail).toContain('image/png or image/jpeg')
    const nothing = await api().post(`/models/${id}/predict`)
    expect([nothing.status, nothing.body.code]).toEqual([415, 'unsupported-media-type'])
    const packed = await api()
      .post(`/models/${id}/predict`)
      .set({ 'content-type': 'text/csv', 'content-encoding': 'gzip' })
      .send('a,b\n1,2\n')
    expect([packed.status, packed.body.code]).toEqual([415, 'unsupported-media-type'])
  })
})
