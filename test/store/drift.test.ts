import { join } from 'node:path'
import pg from 'pg'
import { beforeAll, describe, expect, it } from 'vitest'
import { readCatalog } from '../support/catalog.js'
import { freshDatabase, freshDatabaseOfTest } from '../support/postgres.js'
import { scriptOfSchema } from '../support/schema-engine.js'

const schemaFile = join(import.meta.dirname, '../../prisma/schema.prisma')

async function run(connectionString: string, script: string): Promise<void> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    await client.query(script)
  } finally {
    await client.end()
  }
}

/** The catalog of a database made from schema.prisma alone, without the migrations. */
async function catalogOfSchema(): Promise<string[]> {
  const database = await freshDatabaseOfTest('empty')
  await run(database, await scriptOfSchema(database, schemaFile))
  return readCatalog(database)
}

async function catalogOfMigrations(change = ''): Promise<string[]> {
  const database = await freshDatabaseOfTest()
  await run(database, change)
  return readCatalog(database)
}

function without(lines: string[], others: string[]): string[] {
  return lines.filter((line) => !others.includes(line))
}

describe('schema.prisma and the migrations', () => {
  it('make the same database', async () => {
    const wanted = await catalogOfSchema()
    expect(wanted).toContain('table Job')
    expect(await catalogOfMigrations()).toEqual(wanted)
  })
})

describe('the comparison', () => {
  let intact: string[]

  beforeAll(async () => {
    const database = await freshDatabase()
    intact = await readCatalog(database.connectionString)
    await database.drop()
  })

  it.each([
    {
      what: 'a column that only the database has',
      change: 'ALTER TABLE "Job" ADD COLUMN "extra" TEXT',
      gone: [],
      come: ['column Job.extra text'],
    },
    {
      what: 'a column that the database lacks',
      change: 'ALTER TABLE "Job" DROP COLUMN "requestId"',
      gone: ['column Job.requestId text'],
      come: [],
    },
    {
      what: 'another type',
      change: 'ALTER TABLE "Job" ALTER COLUMN "epochs" TYPE BIGINT',
      gone: ['column Job.epochs integer not null'],
      come: ['column Job.epochs bigint not null'],
    },
    {
      what: 'another precision',
      change: 'ALTER TABLE "Job" ALTER COLUMN "startedAt" TYPE TIMESTAMPTZ(6)',
      gone: ['column Job.startedAt timestamp(3) with time zone'],
      come: ['column Job.startedAt timestamp(6) with time zone'],
    },
    {
      what: 'a list in place of a single value',
      change: 'ALTER TABLE "Job" ALTER COLUMN "backend" TYPE TEXT[] USING ARRAY["backend"]',
      gone: ['column Job.backend text'],
      come: ['column Job.backend text[]'],
    },
    {
      what: 'another nullability',
      change: 'ALTER TABLE "Job" ALTER COLUMN "epochs" DROP NOT NULL',
      gone: ['column Job.epochs integer not null'],
      come: ['column Job.epochs integer'],
    },
    {
      what: 'another default',
      change: 'ALTER TABLE "Job" ALTER COLUMN "attempt" SET DEFAULT 1',
      gone: ['column Job.attempt integer not null default 0'],
      come: ['column Job.attempt integer not null default 1'],
    },
    {
      what: 'another action of a foreign key',
      change: `ALTER TABLE "EpochBatch" DROP CONSTRAINT "EpochBatch_jobId_fkey", ADD CONSTRAINT "EpochBatch_jobId_fkey"
        FOREIGN KEY ("jobId") REFERENCES "Job"("id") ON DELETE RESTRICT ON UPDATE CASCADE`,
      gone: [
        'constraint EpochBatch EpochBatch_jobId_fkey FOREIGN KEY ("jobId") REFERENCES "Job"(id) ON UPDATE CASCADE ON DELETE CASCADE',
      ],
      come: [
        'constraint EpochBatch EpochBatch_jobId_fkey FOREIGN KEY ("jobId") REFERENCES "Job"(id) ON UPDATE CASCADE ON DELETE RESTRICT',
      ],
    },
    {
      what: 'a key that is no longer unique',
      change: 'DROP INDEX "Model_jobId_key"; CREATE INDEX "Model_jobId_key" ON "Model"("jobId")',
      gone: ['index CREATE UNIQUE INDEX "Model_jobId_key" ON public."Model" USING btree ("jobId")'],
      come: ['index CREATE INDEX "Model_jobId_key" ON public."Model" USING btree ("jobId")'],
    },
    {
      what: 'another primary key',
      change: `ALTER TABLE "WeightChunk" DROP CONSTRAINT "WeightChunk_pkey", ADD PRIMARY KEY ("index", "modelId")`,
      gone: [
        'constraint WeightChunk WeightChunk_pkey PRIMARY KEY ("modelId", index)',
        'index CREATE UNIQUE INDEX "WeightChunk_pkey" ON public."WeightChunk" USING btree ("modelId", index)',
      ],
      come: [
        'constraint WeightChunk WeightChunk_pkey PRIMARY KEY (index, "modelId")',
        'index CREATE UNIQUE INDEX "WeightChunk_pkey" ON public."WeightChunk" USING btree (index, "modelId")',
      ],
    },
    {
      what: 'a state more',
      change: `ALTER TYPE "JobStatus" ADD VALUE 'lost'`,
      gone: ['enum JobStatus queued running paused succeeded failed cancelled'],
      come: ['enum JobStatus queued running paused succeeded failed cancelled lost'],
    },
    {
      what: 'a table more',
      change: 'CREATE TABLE "Note" ("text" TEXT NOT NULL)',
      gone: [],
      come: ['column Note.text text not null', 'table Note'],
    },
  ])('sees $what', async ({ change, gone, come }) => {
    const changed = await catalogOfMigrations(change)
    expect(without(intact, changed)).toEqual(gone)
    expect(without(changed, intact)).toEqual(come)
  })
})
