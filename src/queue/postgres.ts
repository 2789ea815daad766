/** BullMQ's own PostgreSQL backend expects a pool that looks into its schema, and clocks that agree. */
import { runMigrations } from 'bullmq'
import pg from 'pg'

/** Tickets carry times of this machine's clock; a larger difference would hand them out too early or too late. */
const maximumSkewMilliseconds = 1_000

/** @throws Error when this machine's clock and the database's differ by more than a second. */
export async function openQueuePool(connectionString: string): Promise<pg.Pool> {
  const pool = new pg.Pool({
    connectionString,
    max: 4,
    connectionTimeoutMillis: 3_000,
    keepAlive: true,
    options: '-c search_path=bullmq',
  })
  pool.on('error', () => {})
  try {
    await prepare(pool)
  } catch (error) {
    await pool.end()
    throw error
  }
  return pool
}

async function prepare(pool: pg.Pool): Promise<void> {
  const client = await pool.connect()
  try {
    await compareClocks(client)
    await runMigrations(client)
  } finally {
    client.release()
  }
}

async function compareClocks(client: pg.PoolClient): Promise<void> {
  const before = Date.now()
  const { rows } = await client.query<{ now: number }>(
    'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now',
  )
  const after = Date.now()
  const skew = rows[0].now - (before + after) / 2
  if (Math.abs(skew) > maximumSkewMilliseconds + (after - before) / 2) {
    throw new Error(
      `This machine's clock and the database's differ by ${Math.round(skew)} ms; at most ${maximumSkewMilliseconds} ms are allowed. Set both by NTP.`,
    )
  }
}
