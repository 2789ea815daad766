/** Previews of uploads, and uploads with the columns of a dataset or model. */
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { datasetPreviewSchema } from '../../src/contract/dataset.js'
import { openApp, type RunningApp } from '../support/app.js'

let service: RunningApp

beforeAll(async () => {
  service = await openApp()
})

afterAll(() => service.close())

const post = (path: string, csv: string) =>
  request(service.app.server).post(path).set('content-type', 'text/csv').send(csv)

/** 30 customers: every third has left, every tenth has no age, each has an id. */
const customers = [
  'customerId,age,plan,left',
  ...Array.from({ length: 30 }, (_, row) => {
    const age = row % 10 === 9 ? '' : 20 + ((row * 7) % 31)
    return `C${row},${age},${row % 2 === 0 ? 'basic' : 'plus'},${row % 3 === 0 ? 'yes' : 'no'}`
  }),
].join('\n')

describe('a preview', () => {
  test('shows columns, target, warnings, the first rows and cells of every column, and stores nothing', async () => {
    const before = await service.database.dataset.count()
    const { status, body } = await post('/datasets/preview?name=churn', customers)
    expect(status).toBe(200)
    const preview = datasetPreviewSchema.parse(body)
    expect(preview).toMatchObject({
      object: 'preview',
      name: 'churn',
      rows: 30,
      droppedRows: 0,
      target: 'left',
      classes: ['no', 'yes'],
      // An age and two plans.
      inputShape: [3],
      image: null,
    })
    expect(preview.columns.map(({ name, type, role }) => [name, type, role])).toEqual([
      ['customerId', 'ignored', 'none'],
      ['age', 'number', 'feature'],
      ['plan', 'category', 'feature'],
      ['left', 'category', 'target'],
    ])
    expect(preview.sample).toHaveLength(20)
    expect(preview.sample.slice(0, 2)).toEqual([
      [20, 'basic', 'yes'],
      [27, 'plus', 'no'],
    ])
    expect(preview.sample[9]).toEqual([null, 'plus', 'yes'])
    expect(preview.examples[0]).toEqual({ name: 'customerId', texts: ['C0', 'C1', 'C2', 'C3', 'C4'] })
    expect(preview.warnings.map(({ code }) => code)).toEqual(['identifier-column', 'imputed-values'])
    expect(await service.database.dataset.count()).toBe(before)
  })

  test('accepts the parameters of an upload', async () => {
    const { body } = await post(
      '/datasets/preview?target=plan&types=customerId:category&missing=drop',
      customers,
    )
    expect(body).toMatchObject({ rows: 27, droppedRows: 3, target: 'plan', classes: ['basic', 'plus'] })
    expect(body.columns[0]).toMatchObject({ name: 'customerId', type: 'category', role: 'feature' })
  })

  test('equals the uploaded dataset', async () => {
    const { body: preview } = await post('/datasets/preview', customers)
    const { body: dataset } = await post('/datasets', customers)
    const { object, sample, examples, ...same } = preview
    expect(dataset).toMatchObject(same)
  })

  test('refuses what an upload refuses', async () => {
    const { status, body } = await post('/datasets/preview?target=lft', customers)
    expect([status, body.code]).toEqual([422, 'invalid-dataset'])
    expect(body.detail).toContain('did you mean "left"?')
  })
})

describe('an upload that is like a dataset', () => {
  // Without a reference, x would be a number, y a number of classes, and z a boolean.
  const training = `x,y,z,w\n${'1,0.5,a,1\n2,1.5,b,2\nn,2.5,a,7\n1,3.5,b,8\n'.repeat(3)}`
  const further = 'w,z,x,y,more\n5,true,1,1,q\n,c,2,0,q\n5,,1,1,q\n'

  test('has its types, target and rules for missing values', async () => {
    const { body: first } = await post('/datasets?target=y', training)
    const { status, body } = await post(`/datasets?like=${first.id}`, further)
    expect(status).toBe(201)
    expect(
      body.columns.map(({ name, type, role }: { name: string; type: string; role: string }) => [
        name,
        type,
        role,
      ]),
    ).toEqual([
      ['w', 'number', 'feature'],
      ['z', 'category', 'feature'],
      ['x', 'category', 'feature'],
      ['y', 'number', 'target'],
      ['more', 'ignored', 'none'],
    ])
    expect(body).toMatchObject({ rows: 3, droppedRows: 0 })
  })

  test('drops rows by its rule', async () => {
    const { body: first } = await post('/datasets?target=y&missing=drop', training)
    const { body } = await post(`/datasets?like=${first.id}`, further)
    expect(body).toMatchObject({ rows: 2, droppedRows: 1 })
  })

  test('reads ambiguous commas and dates in its format', async () => {
    // 13/1/2024 shows that the day is first, and 1,5 that commas are decimal.
    const dated = `d,n,y\n${'13/1/2024,"1,5",0.5\n2/1/2024,"2,25",1.5\n'.repeat(2)}`
    const { body: first } = await post('/datasets', dated)
    const { body } = await post(
      `/datasets?like=${first.id}`,
      'd,n,y\n2/1/2024,"1,234",1\n2/1/2024,"1,234",2\n',
    )
    expect(body.columns).toMatchObject([
      // 2 January 2024 is day 19,724.
      { name: 'd', type: 'date', dateOrder: 'dayFirst', min: 19_724, max: 19_724 },
      { name: 'n', type: 'number', decimal: 'comma', mean: 1.234 },
      { name: 'y', type: 'number' },
    ])
  })

  test('is overridden by the parameters of a column', async () => {
    const { body: first } = await post('/datasets?target=y', training)
    const { body } = await post(`/datasets?like=${first.id}&types=x:number&target=w`, further)
    expect(body.target).toBe('w')
    expect(body.columns[2]).toMatchObject({ name: 'x', type: 'number' })
  })

  test('must have its columns, and the reference must exist', async () => {
    const { body: first } = await post('/datasets?target=y', training)
    const lacking = await post(`/datasets?like=${first.id}`, 'x,y\n1,2\n2,3\n')
    expect(lacking.status).toBe(422)
    expect(lacking.body.detail).toBe(
      'the file has no column "z", "w", which the dataset or model of `like` has; the columns are x, y',
    )
    expect((await post('/datasets?like=ds_none', training)).status).toBe(404)
    expect((await post('/datasets/preview?like=iris', 'a,b\n1,2\n')).status).toBe(422)
  })

  test('validates that one, which fails with inferred types', async () => {
    const { body: first } = await post('/datasets?target=y', training)
    const dateless = 'x,y,z,w\n1,1,a,2024-01-01\n1,2,b,2024-01-02\n'
    const { body: guessed } = await post('/datasets?target=y', dateless)
    const job = (validationDataset: string) =>
      request(service.app.server).post('/jobs/validate').send({ dataset: first.id, validationDataset })
    const refused = await job(guessed.id)
    expect(refused.status).toBe(422)
    expect(refused.body.detail).toContain(
      `has w as a date, the training dataset as a number: upload it with like=${first.id}`,
    )
    const { body: alike } = await post(`/datasets?like=${first.id}`, further)
    expect((await job(alike.id)).status).toBe(200)
  })
})
