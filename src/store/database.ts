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

/** How the driver calls a database that cannot be reached, or closed the connection. */
const outageSchema = z.object({
  meta: z.object({
    driverAdapterError: z.object({
      cause: z.object({
        kind: z.enum(['DatabaseNotReachable', 'ConnectionClosed', 'TooManyConnections', 'SocketTimeout']),
      }),
    }),
  }),
})

/** True for the errors of a database that is away or overwhelmed: a later attempt may succeed. */
export function isOutage(error: unknown): boolean {
  // The pool gave up waiting.
  if (error instanceof Error && error.message === 'timeout exceeded when trying to connect') return true
  return outageSchema.safeParse(error).success
}
