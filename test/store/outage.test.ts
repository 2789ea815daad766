/** Which errors mean that the database is unavailable. */
import { execFileSync } from 'node:child_process'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Database, databaseTrouble, openDatabase } from '../../src/store/database.js'
import { send, statement, transaction } from '../../src/store/statements.js'
import { eventually } from '../support/service.js'
import { openStores } from '../support/stores.js'

const one = statement('one', z.looseObject({}), 'SELECT 1')
const whoStatement = statement('who', z.strictObject({ pid: z.int() }), 'SELECT pg_backend_pid() AS pid')
const nobodyListens = 'postgresql://nobody@127.0.0.1:1/nothing'

async function errorOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => null,
    (error: unknown) => error,
  )
}

async function isGone(database: Database, pid: number): Promise<boolean> {
  const rows = await database.$queryRaw<object[]>`SELECT 1 FROM pg_stat_activity WHERE pid = ${pid}::int`
  return rows.length === 0
}

const terminating = (connectionString: string, pid: number) => `
  import pg from 'pg'
  const client = new pg.Client({ connectionString: ${JSON.stringify(connectionString)} })
  await client.connect()
  await client.query('SELECT pg_terminate_backend($1, 5000)', [${pid}])
  await client.end()`

describe('an outage', () => {
  const stores = openStores()
  const unreachable = openDatabase(nobodyListens)
  afterAll(async () => {
    await unreachable.$disconnect()
    await (await stores).close()
  })

  it('is an unreachable server', async () => {
    expect(databaseTrouble(await errorOf(unreachable.job.findMany({ take: 1 })))).toBe('unavailable')
    expect(databaseTrouble(await errorOf(unreachable.$queryRaw`SELECT 1`))).toBe('unavailable')
    expect(
      databaseTrouble(await errorOf(unreachable.$transaction((client) => client.$queryRaw`SELECT 1`))),
    ).toBe('unavailable')
    expect(databaseTrouble(await errorOf(send(unreachable.pool, one, [])))).toBe('unavailable')
  })

  it('is a server that closes the connection during a statement', async () => {
    const { database } = await stores
    const killed = statement('killed', z.looseObject({}), 'SELECT pg_terminate_backend(pg_backend_pid())')
    expect(databaseTrouble(await errorOf(send(database.pool, killed, [])))).toBe('unavailable')
  })

  it('is a lock that another transaction keeps, after a minute on a connection without Prisma', async () => {
    const { database } = await stores
    const lock = statement('lockOne', z.looseObject({}), 'SELECT pg_advisory_xact_lock(1)')
    const limit = statement('lockLimit', z.strictObject({ lock_timeout: z.string() }), 'SHOW lock_timeout')
    await database.onConnection('local', async (holder) => {
      await send(holder, lock, [])
      const waiting = database.onConnection('local', async (client) => {
        expect(await send(client, limit, [])).toEqual([{ lock_timeout: '1min' }])
        await client.query("SET LOCAL lock_timeout = '10ms'")
        await send(client, lock, [])
      })
      expect(databaseTrouble(await errorOf(waiting))).toBe('unavailable')
    })
  })

  it('is a connection that ends within a transaction, between two statements', async () => {
    const { database } = await stores
    const error = await errorOf(
      transaction(database.pool, async (client) => {
        const [{ pid }] = await send(client, whoStatement, [])
        await database.$queryRaw`SELECT pg_terminate_backend(${pid}::int)`
        await eventually(async () => (await isGone(database, pid)) || undefined)
        await send(client, one, [])
      }),
    )
    expect(databaseTrouble(error)).toBe('unavailable')
    expect(await send(database.pool, one, [])).toHaveLength(1)
  })

  it('is a connection that ended before its transaction', async () => {
    const { connectionString } = await stores
    const single = openDatabase(connectionString, { prisma: 1, statements: 1 })
    try {
      const [{ pid }] = await single.$queryRaw<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`
      // Blocks the event loop, so that the pool still has the connection as idle.
      execFileSync(process.execPath, ['--input-type=module', '-e', terminating(connectionString, pid)])
      const error = await errorOf(single.$transaction((client) => client.$queryRaw`SELECT 1`))
      expect(error).not.toBeNull()
      expect(databaseTrouble(error)).toBe('unavailable')
    } finally {
      await single.$disconnect()
    }
  })

  it('is a pool without a free connection for too long', async () => {
    const { connectionString } = await stores
    const crowded = openDatabase(connectionString, { prisma: 1, statements: 1 })
    const [, waited] = await Promise.all([
      errorOf(crowded.$queryRaw`SELECT pg_sleep(4)::text`),
      errorOf(crowded.$queryRaw`SELECT 1`),
    ])
    expect(databaseTrouble(waited)).toBe('unavailable')
    await crowded.$disconnect()
  }, 20_000)

  it.each([
    ['a server without memory', '53200', 'unavailable'],
    ['a server without connections', '53300', 'unavailable'],
    ['a full disk', '53100', 'insufficient-storage'],
    ['an error of the disk', '58030', 'unavailable'],
    ['a read-only database', '25006', 'unavailable'],
    ['a statement that the operator or a timeout cancelled', '57014', 'unavailable'],
    ['a lock that was not granted in time', '55P03', 'unavailable'],
    ['a transaction that was idle for too long', '25P03', 'unavailable'],
    ['a deadlock', '40P01', 'unavailable'],
    ['a serialization failure', '40001', 'unavailable'],
    ['a password that was changed', '28P01', 'unavailable'],
    ['not a violated constraint', '23514', null],
  ])('is %s (%s)', async (_, code, trouble) => {
    const { database } = await stores
    const text = `DO $$ BEGIN RAISE EXCEPTION 'by test' USING ERRCODE = '${code}'; END $$`
    expect(databaseTrouble(await errorOf(database.$executeRawUnsafe(text)))).toBe(trouble)
    const raise = statement(`raise${code}`, z.looseObject({}), text)
    expect(databaseTrouble(await errorOf(send(database.pool, raise, [])))).toBe(trouble)
    expect(
      databaseTrouble(await errorOf(transaction(database.pool, (client) => send(client, raise, [])))),
    ).toBe(trouble)
  })

  it('is a database that has become read-only', async () => {
    const { database } = await stores
    const error = await errorOf(
      database.$transaction(async (client) => {
        await client.$executeRaw`SET TRANSACTION READ ONLY`
        await client.job.deleteMany({ where: { id: 'job_none' } })
      }),
    )
    expect(databaseTrouble(error)).toBe('unavailable')
  })

  it('is not a rejected statement', async () => {
    const { database } = await stores
    const error = await errorOf(database.$queryRaw`SELECT nothing FROM nowhere`)
    expect(error).not.toBeNull()
    expect(databaseTrouble(error)).toBeNull()
    const nothing = statement('nothing', z.looseObject({}), 'SELECT nothing FROM nowhere')
    expect(databaseTrouble(await errorOf(send(database.pool, nothing, [])))).toBeNull()
    expect(databaseTrouble(new Error('any'))).toBeNull()
  })
})
