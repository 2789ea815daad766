/** Evaluations of a model 2a + 3b + 1 on labelled rows of requests, files and datasets. */
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Coding } from '../../src/contract/dataset.js'
import { modelEvaluationSchema } from '../../src/contract/model-evaluation.js'
import type { Activation } from '../../src/contract/network.js'
import { openApp, type RunningApp } from '../support/app.js'
import { keyFor } from '../support/keys.js'
import { linearModel, storeModel } from '../support/stores.js'

let service: RunningApp
beforeAll(async () => {
  service = await openApp()
})
afterAll(() => service.close())

const api = () => request(service.app.server)

async function modelOf(
  target: Coding['target'],
  { activation, loss }: { activation: Activation; loss: string },
  coding: Partial<Coding> = {},
): Promise<string> {
  const plain = linearModel()
  const [summary] = plain.layers
  const changes = {
    network: { inputShape: [2], layers: [{ ...plain.network.layers[0], activation }] },
    layers: [{ ...summary, activation }],
    loss,
    coding: { ...plain.coding, target, ...coding },
  }
  const { id } = await storeModel(service, { ...plain, ...changes } as ReturnType<typeof linearModel>)
  return id
}

const linear = { activation: 'linear', loss: 'meanSquaredError' } as const
const sigmoid = { activation: 'sigmoid', loss: 'binaryCrossentropy' } as const
const price = () => modelOf({ type: 'number', names: ['y'], binary: false }, linear)
const classes = (first: string, second: string) =>
  modelOf({ type: 'binary', name: 'y', classes: [first, second] }, sigmoid)

const sendRows = (id: string, rows: unknown) => api().post(`/models/${id}/evaluate`).send({ rows })
const sendCsv = (id: string, csv: string, query = '') =>
  api().post(`/models/${id}/evaluate${query}`).set('content-type', 'text/csv').send(csv)

/** 2a + 3b + 1 is 6 and 9, and the targets are 7 and 9: RMSE √½, and R² 1 − 1 / 2. */
const answered = {
  type: 'regression',
  rows: 'given',
  available: 2,
  count: 2,
  unanswered: 0,
  notices: [],
  targets: [
    {
      name: 'y',
      rmse: expect.closeTo(Math.SQRT1_2, 12),
      mae: 0.5,
      r2: 0.5,
      // Of 7 and 9.
      truth: { mean: 8, deviation: 1 },
      pairs: [
        [7, 6],
        [9, 9],
      ],
    },
  ],
}

describe('rows', () => {
  it('may be JSON, a list, CSV, JSON lines or a form; other columns are ignored', async () => {
    const id = await price()
    const rows = [
      { note: 'x', a: 1, b: 1, y: 7 },
      { b: 2, a: 1, y: 9, note: null },
    ]
    const path = `/models/${id}/evaluate`
    const lines = rows.map((row) => JSON.stringify(row)).join('\n')
    const answers = await Promise.all([
      sendRows(id, rows),
      api().post(path).send(rows),
      sendCsv(id, 'y,note,b,a\n7,x,1,1\n9,,2,1\n'),
      api().post(path).set('content-type', 'application/jsonl').send(lines),
      api().post(path).attach('file', Buffer.from('a;b;y\n1;1;7\n1;2;9\n'), 'rows.csv'),
    ])
    for (const { status, body } of answers) {
      expect([status, modelEvaluationSchema.parse(body)]).toEqual([
        200,
        { modelId: id, evaluation: answered, droppedRows: 0, warnings: [] },
      ])
    }
  })

  it('without a target are skipped and counted, even if they are most', async () => {
    const id = await price()
    const csv = ['a,b,y', '1,1,7', '5,5,', '5,5,NA', '1,2,9', '5,5,?', ''].join('\n')
    const { body } = await sendCsv(id, csv).expect(200)
    expect(body).toMatchObject({ evaluation: answered, droppedRows: 3 })
    const none = await sendRows(id, [{ a: 1, b: 1, y: null }])
    expect([none.status, none.body.code]).toEqual([422, 'invalid-dataset'])
    expect(none.body.detail).toContain('y')
  })

  it('with missing values are filled as in training, or refused if training had none', async () => {
    const [a, b] = linearModel().coding.features
    const target: Coding['target'] = { type: 'number', names: ['y'], binary: false }
    const filling = await modelOf(target, linear, {
      features: [{ ...a, type: 'number', offset: 0, scale: 1, imputation: 1 }, b],
    })
    const csv = 'a,b,y\n,1,7\n1,2,9\n'
    for (const each of [csv, 'a,b,y\n,1,7\n,2,9\n']) {
      expect((await sendCsv(filling, each)).body.evaluation).toEqual(answered)
    }
    const refused = await sendCsv(await price(), csv)
    expect([refused.status, refused.body.detail]).toEqual([
      422,
      'a, row 1: is missing, and this column has no imputation',
    ])
  })

  it('are read with a decimal comma on request', async () => {
    const id = await price()
    const csv = 'a;b;y\n1,0;1;7,0\n1,0;2;9,0\n'
    const { body } = await sendCsv(id, csv).expect(200)
    expect(body.evaluation).toEqual(answered)
    expect(body.warnings.map(({ code }: { code: string }) => code)).toContain('decimal-comma')
    expect((await sendCsv(id, csv, '?decimal=point')).status).toBe(422)
  })

  it('of unknown classes are refused', async () => {
    const { status, body } = await sendCsv(await classes('no', 'yes'), 'a,b,y\n1,1,no\n1,1,maybe\n')
    expect([status, body.detail]).toEqual([422, 'y has "maybe"; the classes of the network are no, yes'])
  })

  // 2a + 3b + 1 is −5 and 6, so the predictions are the first and second class.
  it.each([
    ['true and false', 'false', 'true', 'False,True', 2],
    ['yes and no', 'false', 'true', 'no,YES', 2],
    ['numbers with decimals', '0', '1', '0.0,1.0', 2],
    ['words that mean a gap elsewhere', 'None', 'some', 'None,some', 2],
  ])('have classes written as %s', async (_, first, second, texts, right) => {
    const [low, high] = texts.split(',')
    const id = await classes(first, second)
    const { body } = await sendCsv(id, `a,b,y\n-3,0,${low}\n1,1,${high}\n`).expect(200)
    expect(body).toMatchObject({ droppedRows: 0, evaluation: { right, count: 2 } })
  })

  it('of other numbers than 0 and 1 are refused', async () => {
    const id = await modelOf(
      { type: 'number', names: ['y'], binary: true },
      { ...sigmoid, loss: 'squaredError' },
    )
    expect((await sendRows(id, [{ a: 1, b: 1, y: 1 }])).body.evaluation).toMatchObject({ right: 1 })
    const { status, body } = await sendRows(id, [
      { a: 1, b: 1, y: 1 },
      { a: 1, b: 1, y: 2 },
    ])
    expect([status, body.detail]).toEqual([
      422,
      'y, row 2: 2 is not 0 or 1, the two values that the network was trained on',
    ])
  })

  it('are evaluated at the threshold of the model', async () => {
    const id = await classes('no', 'yes')
    const csv = 'a,b,y\n-0.5,0,no\n0,0,yes\n'
    // Sigmoids of 0 and 1: 0.5 and 0.731.
    expect((await sendCsv(id, csv)).body.evaluation).toMatchObject({
      confusion: [
        [0, 1],
        [0, 1],
      ],
      twoClasses: { threshold: 0.5 },
    })
    await api().patch(`/models/${id}`).send({ threshold: 0.6 }).expect(200)
    expect((await sendCsv(id, csv)).body.evaluation).toMatchObject({
      confusion: [
        [1, 0],
        [0, 1],
      ],
      twoClasses: { threshold: 0.6, rocAuc: 1 },
    })
  })
})

describe('a model of two classes without probabilities', () => {
  it('has a fixed threshold', async () => {
    const id = await modelOf(
      { type: 'binary', name: 'y', classes: ['no', 'yes'] },
      { activation: 'linear', loss: 'hinge' },
    )
    expect((await api().get(`/models/${id}`)).body.threshold).toBeNull()
    expect((await api().patch(`/models/${id}`).send({ threshold: 0.5 })).status).toBe(422)
    // Scores −0.5 and 0.25: the second class starts at 0.
    const { body } = await sendCsv(id, 'a,b,y\n-0.75,0,no\n-0.375,0,yes\n')
    expect(body.evaluation).toMatchObject({ right: 2, twoClasses: { threshold: 0, rocAuc: 1 } })
  })
})

describe('a request', () => {
  it('is refused if it is too large, empty, ambiguous, or names an unknown object', async () => {
    const id = await price()
    const large = JSON.stringify({ rows: [{ a: 1, b: 1, y: 7, note: 'x'.repeat(2 * 1024 * 1024) }] })
    const path = `/models/${id}/evaluate`
    const json = api().post(path).set('content-type', 'application/json')
    expect((await json.send(large)).body).toMatchObject({ status: 413, code: 'body-too-large' })
    for (const body of [{}, { rows: [{ a: 1 }], dataset: 'xor' }]) {
      const { detail } = (await api().post(path).send(body)).body
      expect(detail).toBe('the body: must have either dataset or rows, not both')
    }
    expect((await api().post(path).send({ row: [] })).body.detail).toContain('did you mean "rows"?')
    expect((await api().post(path).send({ dataset: 'ds_none' })).body).toMatchObject({ status: 404 })
    expect((await api().post('/models/mdl_none/evaluate').send({ dataset: 'xor' })).status).toBe(404)
    expect((await api().post(path).set('content-type', 'image/png').send(Buffer.from('x'))).status).toBe(415)
  })

  it('for a dataset names missing columns, and skips rows without a target', async () => {
    const id = await price()
    const evaluate = (dataset: string) => api().post(`/models/${id}/evaluate`).send({ dataset })
    expect((await evaluate('xor')).body).toMatchObject({
      status: 422,
      detail: 'the rows have no columns a, b, which the network was trained on',
    })
    // Here y is a feature with missing values.
    const csv = 'a,b,y,z\n1,1,7,1\n1,2,,2\n1,2,9,3\n2,2,?,5\n'
    const upload = await api()
      .post('/datasets?target=z&missing=mean')
      .set('content-type', 'text/csv')
      .send(csv)
    expect((await evaluate(upload.body.id)).body).toMatchObject({ evaluation: answered, droppedRows: 2 })
  })

  it('for a dataset also needs the scope datasets:read', async () => {
    const id = await price()
    const body = { dataset: 'xor' }
    const { header } = await keyFor(service, 'local', ['models:read'])
    const ask = (sent: object) => api().post(`/models/${id}/evaluate`).set('authorization', header).send(sent)
    expect(
      (
        await ask({
          rows: [
            { a: 1, b: 1, y: 7 },
            { a: 1, b: 2, y: 9 },
          ],
        })
      ).body.evaluation,
    ).toEqual(answered)
    const refused = await ask(body)
    expect(refused.body).toMatchObject({
      status: 403,
      detail: 'This key lacks the scope datasets:read. Use a key that has it.',
    })
    expect(refused.headers['www-authenticate']).toContain('scope="datasets:read"')
  })
})
