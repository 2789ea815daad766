/** Predictions that no model can compute, and models that must not compute any. */
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { linearModel, storeModel } from '../support/stores.js'
import { type Row, testRows } from './request-table.js'
import { type HostileServer, openServer } from './server.js'

let server: HostileServer
const url = () => server.url

let plain: string
let withCategory: string
let damaged: string

beforeAll(async () => {
  server = await openServer()
  plain = (await storeModel(server)).id
  withCategory = (
    await storeModel(
      server,
      linearModel({
        coding: {
          features: [
            { type: 'number', name: '__proto__', offset: 0, scale: 1 },
            { type: 'boolean', name: 'b' },
          ],
          target: { type: 'number', names: ['y'] },
        },
      }),
    )
  ).id
  damaged = (await storeModel(server, linearModel())).id
  await server.database.$executeRaw`
    UPDATE "WeightChunk" SET bytes = set_bit(bytes, 0, 1 - get_bit(bytes, 0)) WHERE "modelId" = ${damaged}`
})

afterAll(async () => {
  expect(server.hasEnded()).toBe(false)
  await server.close()
})

const ask = (name: string, body: string, is: Row['is'], says?: string, model = () => plain): Row => ({
  name,
  send: () => ({ path: `/models/${model()}/predict`, body }),
  is,
  says,
})
const askByQuery = (name: string, query: string, is: Row['is'], says?: string, model = () => plain): Row => ({
  name,
  send: () => ({ path: `/models/${model()}/predict?${query}` }),
  is,
  says,
})
const inputs = (...rows: unknown[]) => JSON.stringify({ inputs: rows })

describe('predictions', () => {
  testRows(url, [
    ask('no rows', inputs(), 'invalid-request', 'at least 1'),
    ask('no inputs', '{}', 'invalid-request', '/inputs'),
    ask('10,001 rows', inputs(...Array(10_001).fill([1, 2])), 'invalid-request', 'at most 10000'),
    ask('a value missing', inputs([1]), 'invalid-input', '/inputs/0'),
    ask('a value too many', inputs([1, 2, 3]), 'invalid-input', '/inputs/0'),
    ask('null', inputs([1, null]), 'invalid-input', '/inputs/0/1'),
    ask('NaN', '{"inputs":[[1,NaN]]}', 'malformed-json'),
    ask('NaN as text', inputs([1, 'NaN']), 'invalid-input', '/inputs/0/1'),
    ask('1e999', '{"inputs":[[1,1e999]]}', 'invalid-request', '/inputs/0/1'),
    ask('a number beyond float32', inputs([1, 1e39]), 'invalid-input', '/inputs/0/1'),
    ask('an infinite answer', inputs([3e38, 3e38]), 'invalid-input', '/inputs/0'),
    ask('a list as value', inputs([1, [2]]), 'invalid-request', '/inputs/0/1'),
    ask('a column missing', inputs({ a: 1 }), 'invalid-input', 'b is missing'),
    ask('a column too many', inputs({ a: 1, b: 2, c: 3 }), 'invalid-input', '/inputs/0/c'),
    ask('__proto__ as column', '{"inputs":[{"a":1,"b":2,"__proto__":3}]}', 'malformed-json', '__proto__'),
    ask('a column that every object has', inputs({ a: 1, b: 2, toString: 3 }), 'invalid-input', 'toString'),
    ask('one column twice', '{"inputs":[{"a":1,"a":2,"b":2}]}', 'malformed-json', 'twice'),
    ask('a column of NUL', inputs({ a: 1, 'b\0': 2 }), 'invalid-input'),
    ask('an unknown boolean', inputs([1, 'perhaps']), 'invalid-input', 'perhaps', () => withCategory),
    ask('a column called __proto__, by place', inputs([1, true]), 200, '"output":[6]', () => withCategory),
    askByQuery(
      'a column called __proto__, by name',
      '__proto__=1&b=true',
      'invalid-input',
      '__proto__ is missing',
      () => withCategory,
    ),
    askByQuery('nothing', '', 'invalid-request'),
    askByQuery('a value missing', 'x=1', 'invalid-input', '/x/0'),
    askByQuery('Infinity', 'x=1,Infinity', 'invalid-request', '/x/0/1'),
    askByQuery('NaN', 'x=1,NaN', 'invalid-request', '/x/0/1'),
    askByQuery('0x10', 'x=1,0x10', 'invalid-request', '/x/0/1'),
    askByQuery('1e999', 'x=1,1e999', 'invalid-request', '/x/0/1'),
    askByQuery('by place and by name', 'x=1,2&a=1', 'invalid-request', 'cannot be combined'),
    askByQuery('one column twice', 'a=1&a=2&b=1', 'invalid-request', 'is repeated'),
    askByQuery('an unknown column', 'a=1&b=2&c=3', 'invalid-input', '/c'),
    askByQuery('NUL', 'a=%00&b=1', 'invalid-request', '/a'),
    // No response contains a number: neither from the thread with the weights, nor the second time.
    askByQuery(
      'weights that do not match their hash',
      'x=1,2',
      'integrity',
      'do not match their hash',
      () => damaged,
    ),
    askByQuery('the same again', 'x=1,2', 'integrity', 'do not match their hash', () => damaged),
    ask('the same by POST', inputs([1, 2]), 'integrity', 'do not match their hash', () => damaged),
  ])
})

describe('constructions', () => {
  const construct = (name: string, dnf: unknown, says: string): Row => ({
    name,
    send: { path: '/models', body: JSON.stringify({ construct: { dnf } }) },
    is: 'invalid-request',
    says,
  })
  testRows(url, [
    construct('a million inputs', { inputs: 1e6, trueRows: [1] }, 'at most 16'),
    construct('no inputs', { inputs: 0, trueRows: [] }, '/construct/dnf/inputs'),
    construct('a row that is none', { inputs: 2, trueRows: [4] }, 'at most 3'),
    construct('a row twice', { inputs: 2, trueRows: [1, 1] }, 'repeats row 1'),
    construct('half a row', { inputs: 2, trueRows: [1.5] }, '/construct/dnf/trueRows/0'),
  ])
})
