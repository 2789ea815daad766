/** Bodies with many fields, most of which are refused, and rows with names. */
import { type HttpRequest, json } from '../http-client.js'
import { type Attack, lanesPerAttack, post, repeated } from './attack.js'

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index)

/** An object with so many fields. */
const fields = (count: number, value: unknown = 1) =>
  Object.fromEntries(upTo(count).map((index) => [`name${index}`, value]))

const manyFields = fields(60_000)
const linear = (units: number) => ({ type: 'dense', units, activation: 'linear' })
const deep = { layers: [...upTo(255).map(() => linear(8)), linear(1)] }
/** Each row has another name. */
const namedRows = upTo(10_000).map((row) => ({ a: row, [`x${row}`]: 2 }))

export const bodyAttack: Attack = {
  routes: [
    'POST /jobs',
    'POST /jobs/validate',
    'POST /jobs/batch',
    'POST /models/{id}/predict',
    'POST /models/{id}/evaluate',
    'PATCH /models/{id}',
    'PATCH /jobs/{id}',
    'POST /receipts/check',
  ],
  lanes: lanesPerAttack,
  prepare: repeated(({ modelId, longJobId }) => {
    const file: HttpRequest = {
      method: 'POST',
      path: `/models/${modelId}/evaluate`,
      type: 'text/csv',
      body: Buffer.from(`x1,x2,class\n${'1,2,0\n'.repeat(150_000)}`),
    }
    return [
      post('/jobs', manyFields),
      post('/jobs', { dataset: 'xor', classWeight: manyFields }),
      post('/jobs/validate', { dataset: 'xor', network: deep, loss: 'meanSquaredError', epochs: 1 }),
      post('/jobs/batch', { jobs: upTo(1_000).map(() => fields(50)) }),
      post(`/models/${modelId}/predict`, { inputs: namedRows }),
      post(`/models/${modelId}/evaluate`, { rows: namedRows }),
      file,
      { method: 'PATCH', path: `/models/${modelId}`, body: json({ metadata: fields(60_000, '1') }) },
      { method: 'PATCH', path: `/jobs/${longJobId}`, body: json(manyFields) },
      post('/receipts/check', { receipt: fields(60_000, '1'), publicKey: 'AA==', signature: 'AA==' }),
    ]
  }),
}
