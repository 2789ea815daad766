/**
 * The connections of a process: one pool for Prisma, and one for the named statements of what is sent often. Neither waits
 * for ever.
 */
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { z } from 'zod'
import { TenantTurns } from '../training/tenant-turns.js'
import { Prisma, PrismaClient } from './generated/client.js'
import { StatementError } from './statements.js'

export { Prisma }

export interface PoolSizes {
  prisma: number
  statements: number
}

export class Database extends PrismaClient {
  /** Of the named statements, each of which is planned once a connection. */
  readonly pool: pg.Pool
  readonly #transactions: TenantTurns

  constructor(connectionString: string, sizes: PoolSizes) {
    super({
      adapter: new PrismaPg(openPool(connectionString, sizes.prisma), { disposeExternalPool: true }),
      transactionOptions: { maxWait: 5_000, timeout: 60_000 },
    })
    // Some connections are left for what needs no transaction.
    const atOnce = Math.max(1, sizes.prisma - 3)
    this.#transactions = new TenantTurns({
      what: 'transactions',
      atOnce,
      perTenant: Math.max(1, atOnce - 1),
      seconds: 10,
    })
    this.pool = openPool(connectionString, sizes.statements, async (client) => {
      // Plans for particular values are not cheaper here, and planning takes longer than most of these statements.
      await client.query('SET plan_cache_mode = force_generic_plan')
    })
  }

  /**
   * A transaction of a tenant's request, which holds a connection as long as it takes: tenants take turns.
   * @throws Problem `overloaded`
   */
  inTransaction<T>(
    tenantId: string,
    work: (client: Prisma.TransactionClient) => Promise<T>,
    options: { timeout?: number } = {},
  ): Promise<T> {
    return this.#transactions.run(tenantId, () => this.$transaction(work, options))
  }

  override async $disconnect(): Promise<void> {
    await super.$disconnect()
    if (!this.pool.ended) await this.pool.end()
  }
}

export function openDatabase(
  connectionString: string,
  sizes: PoolSizes = { prisma: 10, statements: 6 },
): Database {
  return new Database(connectionString, sizes)
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
  // An idle connection that breaks is replaced when the next is needed.
  pool.on('error', () => {})
  return pool
}

/** What the driver says of an error; `originalCode` is PostgreSQL's. */
const driverErrorSchema = z.object({
  meta: z.object({
    driverAdapterError: z.object({
      cause: z.object({ kind: z.string(), originalCode: z.string().optional() }),
    }),
  }),
})

/** The database cannot be reached, or closed the connection. */
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
 * PostgreSQL's codes for an outage: classes 08 (connection) and 53 (resources), 57P (shutdown, crash); and for one of two
 * transactions that waited for each other (40).
 */
const outageCode = /^(08|40|53[23]|57P)/

/** What a database has that cannot do what it is asked for, through no fault of the statement: away or overwhelmed, or full. */
export function databaseTrouble(error: unknown): 'unavailable' | 'insufficient-storage' | null {
  if (error instanceof Error && isOfConnection(error)) return 'unavailable'
  const { success, data } = driverErrorSchema.safeParse(error)
  if (!success) return error instanceof StatementError ? troubleOf(error.cause) : null
  const { kind, originalCode } = data.meta.driverAdapterError.cause
  if (originalCode === diskFull) return 'insufficient-storage'
  return outages.includes(kind) || outageCode.test(originalCode ?? '') ? 'unavailable' : null
}

/** What node-postgres says of connections that broke or came too late, where no driver has put it into its own words. */
const broken = ['timeout exceeded when trying to connect', 'Connection terminated', 'is not queryable']
/** Prisma's: of a connection (P1…), and of a wait for one or a transaction that took too long. */
const prismaBroken = /^(P1\d{3}|P2024|P2028)$/
/** Of sockets. */
const socketCode = /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN)/

function isOfConnection(error: Error): boolean {
  if (error instanceof Prisma.PrismaClientInitializationError) return true
  if (error instanceof Prisma.PrismaClientUnknownRequestError) return true
  if (error instanceof Prisma.PrismaClientKnownRequestError && prismaBroken.test(error.code)) return true
  if ('code' in error && socketCode.test(String(error.code))) return true
  return broken.some((text) => error.message.includes(text))
}

/** Of an error of node-postgres: what the server did not say, the connection's end did. */
function troubleOf(cause: unknown): ReturnType<typeof databaseTrouble> {
  if (!(cause instanceof pg.DatabaseError)) return 'unavailable'
  if (cause.code === diskFull) return 'insufficient-storage'
  return outageCode.test(cause.code ?? '') ? 'unavailable' : null
}
