/** Rows read by COPY, compared with the same rows as node-postgres decodes them. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { copiedStatement, readCopied } from '../../src/store/copied-rows.js'
import { databaseTrouble } from '../../src/store/database.js'
import { StatementError, send, statement } from '../../src/store/statements.js'
import { openStores, type Stores } from '../support/stores.js'

let stores: Stores

beforeAll(async () => {
  stores = await openStores()
})

afterAll(() => stores.close())

const everyType = { number: 'int4?', is: 'bool?', text: 'text?', bytes: 'bytea?' } as const
const select = `SELECT number, number > $1::int AS is, 'é' || number || $2 AS text, convert_to(number::text, 'UTF8') AS bytes
  FROM unnest(ARRAY[1, -2147483648, NULL, 2147483647]) AS number`
const copied = copiedStatement('copiedTypes', everyType, select)
const sent = statement(
  'sentTypes',
  z.strictObject({
    number: z.int().nullable(),
    is: z.boolean().nullable(),
    text: z.string().nullable(),
    bytes: z.instanceof(Uint8Array).nullable(),
  }),
  select,
)

describe('a copied row', () => {
  it('has the values that a sent row has, of every type', async () => {
    const values = [0, `it's a \\ $1 "quote"`]
    const expected = await send(stores.database.pool, sent, values)
    expect(expected.map(({ number }) => number)).toEqual([1, -2147483648, null, 2147483647])
    const bytes = ({ bytes }: { bytes: Uint8Array | null }) => bytes && Buffer.from(bytes).toString()
    const rows = await readCopied(stores.database.pool, copied, values)
    expect(rows.map((row) => ({ ...row, bytes: bytes(row) }))).toEqual(
      expected.map((row) => ({ ...row, bytes: bytes(row) })),
    )
  })

  it('may be missing', async () => {
    const none = copiedStatement('noCopied', { number: 'int4' }, 'SELECT 1 AS number WHERE $1::int = 0')
    expect(await readCopied(stores.database.pool, none, [1])).toEqual([])
    expect(await readCopied(stores.database.pool, none, [0])).toEqual([{ number: 1 }])
  })

  it('has all bytes, also after later messages, in memory that is aligned', async () => {
    // Rows of 1 byte to 4 MiB, so that messages begin anywhere in what the socket received.
    const large = copiedStatement(
      'largeCopied',
      { size: 'int4', bytes: 'bytea', md5: 'text' },
      `SELECT size, bytes, md5(bytes) AS md5 FROM unnest(ARRAY[1, 4194304, 3, 70001, 262144, 4194303, 0]) AS size
        CROSS JOIN LATERAL (
          SELECT substring(decode(string_agg(md5(size || '-' || place), ''), 'hex') FROM 1 FOR size) AS bytes
          FROM generate_series(0, size / 16) AS place
        ) AS made ORDER BY size % 7, size`,
    )
    const rows = await readCopied(stores.database.pool, large, [])
    expect(rows.map(({ size }) => size).toSorted((a, b) => a - b)).toEqual([
      0, 1, 3, 70001, 262144, 4194303, 4194304,
    ])
    for (const { size, bytes, md5 } of rows) {
      expect(bytes).toHaveLength(size)
      expect(createHash('md5').update(bytes).digest('hex')).toBe(md5)
      expect(bytes.byteOffset % 8).toBe(0)
    }
  })
})

describe('an error', () => {
  const divided = copiedStatement('divided', { result: 'int4' }, 'SELECT 8 / $1::int AS result')

  it('names its statement, and leaves the connection usable', async () => {
    const { pool } = stores.database
    const failed = await readCopied(pool, divided, [0]).catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(StatementError)
    expect(failed).toMatchObject({ message: 'divided: division by zero', cause: { code: '22012' } })
    for (let n = 0; n < 20; n++) expect(await readCopied(pool, divided, [2])).toEqual([{ result: 4 }])
  })

  it('of a lost connection is an outage', async () => {
    const { pool } = stores.database
    const slow = copiedStatement('slow', { result: 'text' }, 'SELECT pg_sleep(10)::text AS result')
    const read = readCopied(pool, slow, []).catch((error: unknown) => error)
    await expect
      .poll(async () => {
        const { rows } = await pool.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY (SELECT pg_sleep%'`,
        )
        return rows.length
      })
      .toBeGreaterThan(0)
    expect(databaseTrouble(await read)).toBe('unavailable')
    expect(await readCopied(pool, divided, [1])).toEqual([{ result: 8 }])
  })

  it('of a value that is no text and no integer is thrown before it is sent', async () => {
    await expect(readCopied(stores.database.pool, divided, [1.5])).rejects.toThrow(
      '1.5 is neither text nor an integer',
    )
  })
})
