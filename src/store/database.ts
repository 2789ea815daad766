/**
 * The connections of a process: a pool for Prisma, and a pool for named statements. Waits for a connection
 * are limited.
 */
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { z } from 'zod'
import { TenantTurns } from '../base/tenant-turns.js'
import { Prisma, PrismaClient } from './generated/client.js'
import { ObjectStoreError } from './object-client.js'
import type { ObjectStore } from './object-store.js'
import { type Connection, StatementError, transaction } from './statements.js'

export { Prisma }

/** The longest wait for a lock of another transaction: as long as a transaction of Prisma may take. */
const lockSeconds = 60

interface PoolSizes {
  prisma: number
  statements: number
}

export class Database extends PrismaClient {
  /** The pool of named statements. */
  readonly pool: pg.Pool
  /** The connections of Prisma. */
  readonly #general: pg.Pool
  readonly #transactions: TenantTurns

  constructor(
    connectionString: string,
    sizes: PoolSizes,
    /** Has the bytes of large chunks; null if their rows have them. */
    readonly objects: ObjectStore | null,
  ) {
    const general = openPool(connectionString, sizes.prisma, async (client) => {
      // A transaction without Prisma has no other limit. It fails as an outage does.
      await client.query(`SET lock_timeout = '${lockSeconds}s'`)
    })
    super({
      adapter: new PrismaPg(general, { disposeExternalPool: true }),
      transactionOptions: { maxWait: 5_000, timeout: 1_000 * lockSeconds },
    })
    this.#general = general
    // Leaves some connections for queries without a transaction.
    const atOnce = Math.max(1, sizes.prisma - 3)
    this.#transactions = new TenantTurns({
      what: 'transactions',
      atOnce,
      perTenant: Math.max(1, atOnce - 1),
      seconds: 10,
    })
    this.pool = openPool(connectionString, sizes.statements, async (client) => {
      // Plans for specific values are not cheaper for these statements, and planning takes longer than most of
      // them run.
      await client.query('SET plan_cache_mode = force_generic_plan')
    })
  }

  /**
   * A transaction for a request of a tenant. It holds a connection until it ends, so tenants take turns.
   * @throws Problem `overloaded`
   */
  inTransaction<T>(tenantId: string, work: (client: Prisma.TransactionClient) => Promise<T>): Promise<T> {
    return this.#transactions.run(tenantId, () => this.$transaction(work))
  }

  /**
   * The same without Prisma, which takes ten times the time of the event loop for large bytes. It may last as long as the
   * upload of a file.
   * @throws Problem `overloaded`
   */
  onConnection<T>(tenantId: string, work: (client: Connection) => Promise<T>): Promise<T> {
    return this.#transactions.run(tenantId, () => transaction(this.#general, work))
  }

  override async $disconnect(): Promise<void> {
    await super.$disconnect()
    if (!this.pool.ended) await this.pool.end()
  }
}

export function openDatabase(
  connectionString: string,
  sizes: PoolSizes = { prisma: 10, statements: 6 },
  objects: ObjectStore | null = null,
): Database {
  return new Database(connectionString, sizes, objects)
}

function openPool(
  connectionString: string,
  max: number,
  onConnect?: (client: pg.ClientBase) => Promise<void>,
): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max,
    connectionTimeoutMillis: 3_000,
    ...(onConnect !== undefined && { onConnect }),
  })
  // A broken idle connection is replaced when the next one is needed.
  pool.on('error', () => {})
  return pool
}

/** The error of Prisma's driver; `originalCode` is that of PostgreSQL. A failed COMMIT throws it without Prisma's error. */
const adapterErrorSchema = z.object({
  name: z.literal('DriverAdapterError'),
  cause: z.object({ kind: z.string(), originalCode: z.string().optional() }),
})
const driverErrorSchema = z.union([
  z
    .object({ meta: z.object({ driverAdapterError: adapterErrorSchema }) })
    .transform(({ meta }) => meta.driverAdapterError),
  adapterErrorSchema,
])

/** Kinds of errors of the driver that mean: the database is unreachable, or closed the connection. */
const outages = [
  'DatabaseNotReachable',
  'ConnectionClosed',
  'TooManyConnections',
  'SocketTimeout',
  'TlsConnectionError',
  'TransactionWriteConflict',
]
const diskFull = '53100'

/**
 * PostgreSQL's codes of an outage: classes 08 (connection), 28 (refused login), 40 (deadlock, serialization) and 57P
 * (shutdown, crash), a missing database, a read-only one such as a standby, shortage of memory or connections, errors of
 * the disk, and cancelled statements, locks and transactions, whose timeouts the operator sets.
 */
const outageCode = /^(08|28|40|57P|3D000$|25006$|25P0[34]$|53[023]00$|55P03$|57014$|58030$)/

/**
 * Classifies errors that the statement did not cause: an unreachable, overloaded or full database or object store. Null
 * for others.
 */
export function databaseTrouble(error: unknown): 'unavailable' | 'insufficient-storage' | null {
  if (error instanceof ObjectStoreError) return error.isFull ? 'insufficient-storage' : 'unavailable'
  if (error instanceof Error && isConnectionError(error)) return 'unavailable'
  const { success, data } = driverErrorSchema.safeParse(error)
  if (!success) return error instanceof StatementError ? classifyCause(error.cause) : null
  const { kind, originalCode } = data.cause
  if (originalCode === diskFull) return 'insufficient-storage'
  return outages.includes(kind) || outageCode.test(originalCode ?? '') ? 'unavailable' : null
}

/** PostgreSQL's codes of damaged tables and indexes, which it finds for example by the checksums of pages. */
const damageCode = /^XX00[12]$/

/** Whether PostgreSQL reports that what it stores is damaged. */
export function isDamageReport(error: unknown): boolean {
  const { success, data } = driverErrorSchema.safeParse(error)
  if (success) return damageCode.test(data.cause.originalCode ?? '')
  const cause = error instanceof StatementError ? error.cause : null
  return cause instanceof pg.DatabaseError && damageCode.test(cause.code ?? '')
}

/** Messages of node-postgres for lost connections and timeouts, which have no code. */
const broken = ['timeout exceeded when trying to connect', 'Connection terminated', 'is not queryable']
/** Prisma's codes: of connections (P1…), and of timeouts of connections and transactions. */
const prismaBroken = /^(P1\d{3}|P2024|P2028)$/
/** Codes of sockets. */
const socketCode = /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN)/

function isConnectionError(error: Error): boolean {
  if (error instanceof Prisma.PrismaClientInitializationError) return true
  if (error instanceof Prisma.PrismaClientUnknownRequestError) return true
  if (error instanceof Prisma.PrismaClientKnownRequestError && prismaBroken.test(error.code)) return true
  if ('code' in error && socketCode.test(String(error.code))) return true
  return broken.some((text) => error.message.includes(text))
}

/** For errors of node-postgres. An error without a code of the server is a lost connection. */
function classifyCause(cause: unknown): ReturnType<typeof databaseTrouble> {
  if (!(cause instanceof pg.DatabaseError)) return 'unavailable'
  if (cause.code === diskFull) return 'insufficient-storage'
  return outageCode.test(cause.code ?? '') ? 'unavailable' : null
}
