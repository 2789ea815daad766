/** The one Prisma client of a process, over a pool that gives up waiting instead of hanging. */
import { PrismaPg } from '@prisma/adapter-pg'
import { z } from 'zod'
import { Prisma, PrismaClient } from './generated/client.js'

export type Database = PrismaClient
export { Prisma }

export function openDatabase(connectionString: string, connections = 10): Database {
  return new PrismaClient({
    adapter: new PrismaPg({ connectionString, max: connections, connectionTimeoutMillis: 3_000 }),
    transactionOptions: { maxWait: 5_000, timeout: 60_000 },
  })
}

/** Channel of the hints: "<job id> <status> <epoch> <milliseconds since 1970>". Sent by the transaction that changed the row, so never too early. */
export const jobsChannel = 'descent_jobs'

/** SELECT of the CTE `changed`, which must return at least id, status and epoch of the jobs it changed. */
export const notifyChanged = Prisma.sql`
  SELECT changed.*, pg_notify(${jobsChannel}, id || ' ' || status || ' ' || epoch
    || ' ' || (extract(epoch FROM clock_timestamp()) * 1000)::int8)::text FROM changed`

/** What the driver says of an error; `originalCode` is PostgreSQL's. */
const driverErrorSchema = z.object({
  meta: z.object({
    driverAdapterError: z.object({
      cause: z.object({ kind: z.string(), originalCode: z.string().optional() }),
    }),
  }),
})

/** The database cannot be reached, or closed the connection. */
const outages = ['DatabaseNotReachable', 'ConnectionClosed', 'TooManyConnections', 'SocketTimeout']
const diskFull = '53100'

/** What a database has that cannot do what it is asked for, through no fault of the statement: away or overwhelmed, or full. */
export function databaseTrouble(error: unknown): 'unavailable' | 'insufficient-storage' | null {
  // The pool gave up waiting.
  if (error instanceof Error && error.message === 'timeout exceeded when trying to connect') {
    return 'unavailable'
  }
  const { success, data } = driverErrorSchema.safeParse(error)
  if (!success) return null
  const { kind, originalCode } = data.meta.driverAdapterError.cause
  if (originalCode === diskFull) return 'insufficient-storage'
  return outages.includes(kind) ? 'unavailable' : null
}
