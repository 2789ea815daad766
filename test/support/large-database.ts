/** A database with a million jobs, epoch batches and events, and what else such a service has. */
import pg from 'pg'
import { freshDatabase } from './postgres.js'

const jobs = 1_000_000
const tenants = 1_000

/** Every tenth of a thousand jobs is unfinished: 1 % queued, and fewer that run or are paused. */
const status = `(CASE
  WHEN n % 100 = 0 THEN 'queued' WHEN n % 5000 = 1 THEN 'running' WHEN n % 2000 = 2 THEN 'paused'
  WHEN n % 50 = 3 THEN 'failed' WHEN n % 50 = 4 THEN 'cancelled' ELSE 'succeeded' END)::"JobStatus"`
const tenant = `'tenant_' || n % ${tenants}`
const job = `'job_' || md5(n::text)`
const jobOfOther = (every: number) => `'job_' || md5((n * ${every})::text)`
/** Bytes and object of a chunk: every tenth is an object. */
const contents = `CASE WHEN n % 10 > 0 THEN '\\x00'::bytea END, CASE WHEN n % 10 = 0 THEN 'key/' || n END`
const ago = `now() - n % 1000000 * interval '1 second'`

const tables: { table: string; columns: string; rows: number; values: string }[] = [
  { table: 'Tenant', columns: 'id', rows: tenants, values: `'tenant_' || n - 1` },
  {
    table: 'Key',
    columns: 'id, "tenantId", sha256, scopes, "createdAt"',
    rows: 20_000,
    values: `'key_' || n, ${tenant}, md5(n::text), '{}', ${ago}`,
  },
  {
    table: 'Job',
    columns: `id, status, spec, "tenantId", "datasetId", parameters, "arenaBytes", "flopsPerEpoch", "stepsPerEpoch", epochs, epoch,
      attempt, "workerId", "claimSize", "claimedAt", "heldThreads", "heartbeatAt", "createdAt", "startedAt", "finishedAt"`,
    rows: jobs,
    values: `${job}, ${status}, '\\x00'::bytea, ${tenant}, CASE WHEN n % 5 = 0 THEN 'ds_' || n % 20000 END, 17, 1024, 100, 1, 1, 1,
      1, 'worker_' || n % 50, 1, ${ago}, 1, ${ago}, ${ago}, ${ago},
      CASE WHEN ${status} IN ('succeeded', 'failed', 'cancelled') THEN ${ago} END`,
  },
  {
    table: 'EpochBatch',
    columns: '"jobId", "firstEpoch", "lastEpoch", metrics',
    rows: jobs,
    values: `${job}, 1, 1, '\\x00'::bytea`,
  },
  {
    table: 'JobEvent',
    columns: '"jobId", type, attempt, epoch',
    rows: jobs,
    values: `${job}, 'paused', 1, 1`,
  },
  {
    table: 'Model',
    columns:
      'id, "tenantId", "jobId", description, loss, parameters, "weightBytes", "weightSha256", "createdAt"',
    rows: 200_000,
    values: `'mdl_' || md5(n::text), ${tenant}, ${job}, '\\x00'::bytea, 'huber', 1, 4, '', ${ago}`,
  },
  {
    table: 'RegisteredName',
    columns: '"tenantId", name, "lastVersion"',
    rows: 20_000,
    values: `${tenant}, 'name_' || n / ${tenants}, 3`,
  },
  {
    table: 'ModelVersion',
    columns: '"tenantId", name, version, "modelId"',
    rows: 60_000,
    values: `${tenant}, 'name_' || n / 3000, 1 + n / ${tenants} % 3, 'mdl_' || md5(n::text)`,
  },
  {
    table: 'Alias',
    columns: '"tenantId", name, alias, version, "modelId", "moveId"',
    rows: 20_000,
    values: `${tenant}, 'name_' || n / ${tenants}, 'current', 1, 'mdl_' || md5(n::text), n`,
  },
  {
    table: 'AliasMove',
    columns: '"tenantId", name, alias, action, "toVersion"',
    rows: 100_000,
    values: `${tenant}, 'name_' || n / 5000, 'current', 'moved', 1`,
  },
  {
    table: 'Label',
    columns: '"tenantId", label, "createdAt", "itemId"',
    rows: 200_000,
    values: `${tenant}, md5((n / ${tenants} % 10)::text), ${ago}, ${job}`,
  },
  {
    table: 'WeightChunk',
    columns: '"modelId", index, bytes, object',
    rows: 50_000,
    values: `'mdl_' || md5(n::text), 0, ${contents}`,
  },
  {
    table: 'Checkpoint',
    columns: '"jobId", sequence, epoch, step, backend, header, sha256, bytes',
    rows: 50_000,
    values: `${jobOfOther(20)}, 1, 1, 0, 'wasm', '{}', '', CASE WHEN n % 100 = 0 THEN 100 ELSE 0 END`,
  },
  {
    table: 'CheckpointChunk',
    columns: '"jobId", sequence, index, bytes, object',
    rows: 50_000,
    values: `${jobOfOther(20)}, 1, 0, ${contents}`,
  },
  {
    table: 'WeightSnapshot',
    columns: '"jobId", epoch, kept, bytes',
    rows: 100_000,
    values: `${job}, 1, true, '\\x00'::bytea`,
  },
  { table: 'Draft', columns: '"jobId", attempt, "modelId"', rows: 20, values: `${job}, 1, 'draft_' || n` },
  {
    table: 'Dataset',
    columns: 'id, "tenantId", origin, columns, rows, bytes, "createdAt"',
    rows: 20_000,
    values: `'ds_' || n, ${tenant}, 'uploaded', '[]', 1, 1, ${ago}`,
  },
  {
    table: 'DatasetChunk',
    columns: '"datasetId", index, "firstRow", rows, bytes, object',
    rows: 40_000,
    values: `'ds_' || n / 2, n % 2, n % 2, 1, ${contents}`,
  },
  { table: 'DeletedObject', columns: 'key, "deletedAt"', rows: 20_000, values: `'deleted/' || n, ${ago}` },
  {
    table: 'IdempotencyKey',
    columns: '"tenantId", key, fingerprint, answer, "createdAt"',
    rows: 100_000,
    values: `${tenant}, n::text, '', '\\x00', ${ago}`,
  },
  {
    table: 'Webhook',
    columns: 'id, "tenantId", url, events, "createdAt"',
    rows: 12_000,
    values: `'whk_' || n, ${tenant}, 'https://example.com', '{job.succeeded}', ${ago}`,
  },
  {
    table: 'WebhookSecret',
    columns: 'id, "webhookId", sealed',
    rows: 12_000,
    values: `n::text, 'whk_' || n, ''`,
  },
  {
    table: 'WebhookDelivery',
    columns: 'id, "webhookId", event, "jobId", body, "nextAttemptAt", "createdAt"',
    rows: 200_000,
    values: `'msg_' || n, 'whk_' || n % 12000, 'job.succeeded', ${job}, '{}', CASE WHEN n % 1000 = 0 THEN now() END, ${ago}`,
  },
  {
    table: 'ShareLink',
    columns: 'id, "jobId", sha256',
    rows: 20_000,
    values: `'shl_' || n, ${job}, n::text`,
  },
  {
    table: 'StreamTicket',
    columns: 'sha256, "jobId", "expiresAt"',
    rows: 20_000,
    values: `n::text, ${job}, now() + (n - 5000) * interval '1 second'`,
  },
  {
    table: 'TenantUse',
    columns: '"tenantId", shard, "queuedJobs", "runningJobs"',
    rows: 16 * tenants,
    values: `${tenant}, n / ${tenants} % 16, 1, 0`,
  },
  {
    table: 'TenantUsage',
    columns: '"tenantId", day, shard, succeeded',
    rows: 100 * tenants,
    values: `${tenant}, current_date - n / ${tenants}, 0, 1`,
  },
  {
    table: 'QueueCount',
    columns: '"tenantId", priority, bucket, jobs, work',
    rows: 2 * tenants,
    values: `${tenant}, 0, n / ${tenants}, CASE WHEN n <= ${tenants} THEN 10 ELSE 0 END, 1000`,
  },
  {
    table: 'AuditEntry',
    columns: '"actorType", action, "tenantId", at',
    rows: 100_000,
    values: `'command', 'key.created', ${tenant}, ${ago}`,
  },
  {
    table: 'AuditCount',
    columns: '"tenantId", "actorType", "actorId", action, day, changes, id, at, "lastAt", further',
    rows: 100_000,
    values: `${tenant}, 'key', 'key_' || n, 'job.deleted', (${ago})::date, 101, n, ${ago}, ${ago}, 1`,
  },
  { table: 'Tally', columns: 'name, shard, value', rows: 80, values: `'tally_' || n % 5, n / 5, 1` },
  {
    table: 'Worker',
    columns: 'id, threads, "busyThreads", backend',
    rows: 50,
    values: `'worker_' || n, 8, 8, 'native'`,
  },
]

export interface LargeDatabase {
  client: pg.Client
  /** Tables with at least 10,000 rows. */
  large: ReadonlySet<string>
  /** Their indexes, except partial ones. */
  largeIndexes: ReadonlySet<string>
  close(): Promise<void>
}

export async function openLargeDatabase(): Promise<LargeDatabase> {
  const { connectionString, drop } = await freshDatabase()
  const client = new pg.Client({ connectionString })
  await client.connect()
  // Neither triggers nor foreign keys, and indexes are built afterwards.
  await client.query('SET session_replication_role = replica')
  await client.query(`SET maintenance_work_mem = '512MB'`)
  const { rows: indexes } = await client.query<{ name: string; definition: string }>(`
    SELECT indexname AS name, indexdef AS definition FROM pg_indexes
    WHERE schemaname = 'public' AND NOT EXISTS (SELECT FROM pg_constraint WHERE conname = indexname)`)
  for (const { name } of indexes) await client.query(`DROP INDEX "${name}"`)
  for (const { table, columns, rows, values } of tables) {
    await client.query(
      `INSERT INTO "${table}" (${columns}) SELECT ${values} FROM generate_series(1, ${rows}) AS n`,
    )
  }
  for (const { definition } of indexes) await client.query(definition)
  await client.query('SET session_replication_role = origin')
  await client.query('VACUUM ANALYZE')
  const large = tables.flatMap(({ table, rows }) => (rows >= 10_000 ? table : []))
  const { rows: whole } = await client.query<{ name: string }>(
    `SELECT indexrelid::regclass::text AS name FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
     WHERE indpred IS NULL AND relname = ANY($1)`,
    [large],
  )
  return {
    client,
    large: new Set(large),
    largeIndexes: new Set(whole.map(({ name }) => name.replaceAll('"', ''))),
    async close() {
      await client.end()
      await drop()
    },
  }
}
