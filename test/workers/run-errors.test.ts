/** Each error of a run has its class. */
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { DatasetError } from '../../src/datasets/table.js'
import { SpecError } from '../../src/engine/index.js'
import { databaseTrouble } from '../../src/store/database.js'
import { StatementError } from '../../src/store/statements.js'
import { classifyError } from '../../workers/run-errors.js'
import { ThreadCrash } from '../../workers/trainer-pool.js'

/** As PostgreSQL answers. */
function answer(code: string): StatementError {
  return new StatementError('record', Object.assign(new pg.DatabaseError('no', 2, 'error'), { code }))
}

const notQueryable = 'Client has encountered a connection error and is not queryable'

/** An answer of PostgreSQL that its driver has no word for. */
function byPrisma(originalCode: string): Error {
  const driverAdapterError = { name: 'DriverAdapterError', cause: { kind: 'postgres', originalCode } }
  return Object.assign(new Error('Raw query failed'), { code: 'P2010', meta: { driverAdapterError } })
}

const retried = (reason: string) => ({ class: 'retried', reason })

describe('the class of an error', () => {
  it.each<[what: string, error: unknown, expected: object]>([
    [
      'rows that cannot be trained on',
      new DatasetError('invalid-dataset', 'one class only'),
      { class: 'refused' },
    ],
    ['a network that does not fit them', new SpecError('/loss', 'does not fit'), { class: 'refused' }],
    ['a thread out of memory, or ended', new ThreadCrash('exit 1', 0, false), retried('thread-died')],
    ['a mistake in the code of a thread', new ThreadCrash('TypeError', 0, true), { class: 'ours' }],
    [
      'a connection that broke',
      new StatementError('record', new Error('gone')),
      retried('database-unavailable'),
    ],
    ['a database that shuts down', answer('57P01'), retried('database-unavailable')],
    ['one of two that waited for each other', answer('40P01'), retried('database-unavailable')],
    ['a crash of PostgreSQL, as Prisma reports it', byPrisma('57P02'), retried('database-unavailable')],
    ['a connection that Prisma still holds', new Error(notQueryable), retried('database-unavailable')],
    [
      'a socket that nobody answers',
      Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }),
      retried('database-unavailable'),
    ],
    ['a full disk, as Prisma reports it', byPrisma('53100'), retried('database-full')],
    ['a wrong statement, as Prisma reports it', byPrisma('42703'), { class: 'ours' }],
    ['a full disk', answer('53100'), retried('database-full')],
    ['a statement that is wrong', answer('42703'), { class: 'ours' }],
    ['a value that does not fit its column', answer('22003'), { class: 'ours' }],
    ['whatever else is thrown', new TypeError('undefined is not a function'), { class: 'ours' }],
    ['something that is no error', 'text', { class: 'ours' }],
  ])('%s', (_what, error, expected) => {
    expect(classifyError(error, databaseTrouble)).toEqual(expected)
  })
})
