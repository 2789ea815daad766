/** No statement, function or trigger reads a whole large table, unless its declaration says why. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { statements } from '../../src/store/statements.js'
import { type LargeDatabase, openLargeDatabase } from '../support/large-database.js'

const folder = join(import.meta.dirname, '../../src/store')
for (const file of readdirSync(folder)) {
  if (file.endsWith('.ts')) await import(join(folder, file))
}

let database: LargeDatabase

beforeAll(async () => {
  database = await openLargeDatabase()
}, 240_000)

afterAll(() => database.close())

interface Plan {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Index Cond'?: string
  Filter?: string
  Plans?: Plan[]
}

const planSchema: z.ZodType<Plan> = z.lazy(() =>
  z.object({
    'Node Type': z.string(),
    'Relation Name': z.string().optional(),
    'Index Name': z.string().optional(),
    'Index Cond': z.string().optional(),
    Filter: z.string().optional(),
    Plans: z.array(planSchema).optional(),
  }),
)

/** The large tables and indexes that a plan reads completely. */
function wholeReads(plan: Plan, parent?: Plan): string[] {
  const { 'Relation Name': table = '', 'Index Name': index = '' } = plan
  const isOneRow = parent?.['Node Type'] === 'Limit' && plan.Filter === undefined
  const isTable = plan['Node Type'].includes('Seq Scan') && database.large.has(table) && !isOneRow
  const isIndex = plan['Index Cond'] === undefined && database.largeIndexes.has(index) && !isOneRow
  return [
    ...(isTable ? [table] : []),
    ...(isIndex ? [index] : []),
    ...(plan.Plans ?? []).flatMap((each) => wholeReads(each, plan)),
  ]
}

async function explain(text: string): Promise<Plan> {
  const { rows } = await database.client.query<{ 'QUERY PLAN': unknown }>(
    `EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${text}`,
  )
  const [{ Plan }] = z.array(z.object({ Plan: planSchema })).parse(rows[0]?.['QUERY PLAN'])
  return Plan
}

describe('the plan of', () => {
  it.each([...statements.values()])('$name', async ({ text, scans }) => {
    const read = wholeReads(await explain(text))
    if (scans === null) expect(read).toEqual([])
    else expect(read).not.toEqual([])
  })
})

/** Executes a statement and rolls it back. Returns what the statement, its functions and triggers read completely. */
async function execute(text: string): Promise<string[]> {
  const { client } = database
  const plans: Plan[] = []
  const onNotice = ({ message }: { message?: string }) => {
    const json = /plan:\n([\s\S]*)$/.exec(message ?? '')?.[1]
    if (json !== undefined) plans.push(z.object({ Plan: planSchema }).parse(JSON.parse(json)).Plan)
  }
  client.on('notice', onNotice)
  await client.query('BEGIN')
  try {
    await client.query(text)
  } finally {
    await client.query('ROLLBACK')
    client.off('notice', onNotice)
  }
  expect(plans).not.toEqual([])
  return plans.flatMap((plan) => wholeReads(plan))
}

describe('what is executed within', () => {
  beforeAll(async () => {
    await database.client.query(`
      LOAD 'auto_explain';
      SET auto_explain.log_min_duration = 0;
      SET auto_explain.log_nested_statements = on;
      SET auto_explain.log_format = json;
      SET auto_explain.log_level = notice;
      SET plan_cache_mode = force_generic_plan`)
  })

  const one = `'job_' || md5('100')`
  const newJob = `INSERT INTO "Job" (id, spec, "tenantId", parameters, "arenaBytes", "flopsPerEpoch", epochs)
    SELECT 'job_new' || n, '\\x00'::bytea, 'tenant_1', 17, 1, 1, 1 FROM generate_series(1, 128) AS n`

  it.each([
    ['a claim of deliveries', 'SELECT count(*) FROM "claimDeliveries"(10, 30, 10, 5)'],
    ['a count of free runs', `SELECT "freeRuns"('tenant_1', 5, 0)`],
    ['a count of what a tenant has', `SELECT "lockedUse"('tenant_1')`],
    [
      'the place of a job',
      `SELECT "queuePlace"('tenant_1', 0, "queueRank"('tenant_1', 0, 100), 100, 1, 4::float8)`,
    ],
    ['an insertion of jobs', newJob],
    ['a claim of a job', `UPDATE "Job" SET status = 'running' WHERE id = ${one}`],
    ['an end of a job', `UPDATE "Job" SET status = 'cancelled', "finishedAt" = now() WHERE id = ${one}`],
    ['a deletion of a job', `DELETE FROM "Job" WHERE id = ${one}`],
    [
      'an insertion of an event',
      `INSERT INTO "JobEvent" ("jobId", type, attempt, epoch) VALUES (${one}, 'paused', 1, 1)`,
    ],
    ['a deletion of a model', `DELETE FROM "Model" WHERE id = 'mdl_' || md5('50000')`],
    ['a registration', `SELECT "registerVersion"('tenant_1', 'name_new', 'mdl_' || md5('1'), NULL)`],
    ['a change of tags', `UPDATE "Job" SET tags = '{a}' WHERE id = ${one}`],
    ['a deletion of a dataset', `DELETE FROM "Dataset" WHERE id = 'ds_1'`],
    ['a deletion of a checkpoint', `DELETE FROM "Checkpoint" WHERE "jobId" = 'job_' || md5('20')`],
    ['a deletion of a webhook', `DELETE FROM "Webhook" WHERE id = 'whk_1'`],
    ['a deletion of an answer', `DELETE FROM "IdempotencyKey" WHERE "tenantId" = 'tenant_1' AND key = '1'`],
    ['a deletion of a key', `DELETE FROM "Key" WHERE id = 'key_1'`],
  ])('%s', async (_name, text) => {
    expect(await execute(text)).toEqual([])
  })
})
