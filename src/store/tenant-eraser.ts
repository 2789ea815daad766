/**
 * Deletes what a tenant has, after its deletion was requested. Each statement deletes one batch and is committed alone, so a
 * process that ends loses nothing, and another one continues. Any number of processes may do this at the same time.
 */
import { z } from 'zod'
import { finishedStatuses } from '../contract/job-status.js'
import { localTenant } from '../contract/key.js'
import { sweepTransitions } from '../contract/sweep.js'
import { actorSchema, type TenantEraser } from '../training/ports/tenant-eraser.js'
import { audit } from './audit.js'
import type { Database, Prisma } from './database.js'
import { idRow, noRow, query, send, statement } from './statements.js'
import { changedRow, guard, statusIn, transition } from './transitions.js'

/** Rows of a batch. Few, where a row has large parts that are deleted with it. */
const batch = { jobs: 200, sweeps: 500, deliveries: 1_000 } as const
const batches = {
  Alias: 1_000,
  AliasMove: 1_000,
  ModelVersion: 1_000,
  RegisteredName: 200,
  Model: 50,
  Sweep: 200,
  Dataset: 10,
  IdempotencyKey: 1_000,
} as const

/** Requests that began before a deletion have ended after this time. */
const lateMinutes = 60

const pendingStatement = statement(
  'tenantsToErase',
  idRow,
  'SELECT id FROM "Tenant" WHERE "deletionRequestedAt" IS NOT NULL ORDER BY id LIMIT 10000',
)

/** $1 tenant. Nobody may join any more. */
const closeStatement = statement(
  'closeWorkshopsOfTenant',
  idRow,
  `UPDATE "Workshop" SET "expiresAt" = now() WHERE "tenantId" = $1 AND "expiresAt" > now() RETURNING id`,
)

/** $1 teacher. Participants are deleted as the tenants that they are, in the name of the same actor. */
const participantsStatement = statement(
  'eraseParticipants',
  idRow,
  `UPDATE "Tenant" AS participant SET "deletionRequestedAt" = now(), "deletionActor" = teacher."deletionActor",
      "suspendedAt" = coalesce(participant."suspendedAt", now()),
      "suspendedReason" = coalesce(participant."suspendedReason", 'The workshop was deleted.')
    FROM "Tenant" AS teacher, "Workshop", "Participant"
    WHERE teacher.id = $1 AND "Workshop"."tenantId" = $1 AND "workshopId" = "Workshop".id
      AND participant.id = "Participant"."tenantId" AND participant."deletionRequestedAt" IS NULL
    RETURNING participant.id`,
)

/** $1 tenant, $2 maximum number. */
const deliveriesStatement = statement(
  'eraseDeliveries',
  idRow,
  `DELETE FROM "WebhookDelivery" WHERE id = ANY(ARRAY(
      SELECT delivery.id FROM "Webhook" JOIN "WebhookDelivery" AS delivery ON delivery."webhookId" = "Webhook".id
      WHERE "tenantId" = $1 LIMIT $2::int FOR UPDATE OF delivery SKIP LOCKED
    )) RETURNING id`,
)

const webhooksStatement = statement(
  'eraseWebhooks',
  idRow,
  'DELETE FROM "Webhook" WHERE "tenantId" = $1 RETURNING id',
)

/** $1 tenant, $2 maximum number. They create no further trials. */
const cancelSweepsStatement = statement(
  'cancelErasedSweeps',
  idRow,
  `UPDATE "Sweep" SET status = '${sweepTransitions.cancel.to}', "finishedAt" = now() WHERE id = ANY(ARRAY(
      SELECT id FROM "Sweep" WHERE "tenantId" = $1 AND ${statusIn(sweepTransitions.cancel.from)}
      ORDER BY id LIMIT $2::int FOR NO KEY UPDATE SKIP LOCKED
    )) RETURNING id`,
)

/** $1 tenant, $2 maximum number. */
const oldestJobsStatement = statement(
  'oldestJobsOfTenant',
  idRow,
  'SELECT id FROM "Job" WHERE "tenantId" = $1 ORDER BY "createdAt", id LIMIT $2::int',
)

/** $1 jobs. What they used counts as of any cancelled job. */
const cancelJobsStatement = statement(
  'cancelErasedJobs',
  changedRow,
  transition('cancel', {
    where: `id IN (SELECT id FROM "Job" WHERE id = ANY($1::text[]) AND ${guard('cancel')} ORDER BY id FOR NO KEY UPDATE)`,
    set: '"finishedAt" = now()',
  }),
)

const deleteJobsStatement = statement(
  'eraseJobs',
  idRow,
  `DELETE FROM "Job" WHERE id = ANY(ARRAY(
      SELECT id FROM "Job" WHERE id = ANY($1::text[]) AND ${statusIn(finishedStatuses)} ORDER BY id FOR UPDATE
    )) RETURNING id`,
)

/** $1 tenant, $2 maximum number. */
const eraseRows = (table: keyof typeof batches) =>
  statement(
    `erase${table}Rows`,
    z.strictObject({ erased: z.int() }),
    `WITH erased AS (
        DELETE FROM "${table}" WHERE ctid = ANY(ARRAY(
          SELECT ctid FROM "${table}" WHERE "tenantId" = $1 LIMIT $2::int FOR UPDATE SKIP LOCKED
        )) RETURNING 1
      ) SELECT count(*)::int AS erased FROM erased`,
  )

/** In this order: aliases hold versions and models. */
const rowStatements = (Object.keys(batches) as (keyof typeof batches)[]).map(
  (table) => [eraseRows(table), batches[table]] as const,
)

/** $1 tenant. After the tenants of its participants. */
const workshopsStatement = statement(
  'eraseWorkshops',
  idRow,
  `DELETE FROM "Workshop" WHERE "tenantId" = $1
    AND NOT EXISTS (SELECT FROM "Participant" WHERE "workshopId" = "Workshop".id) RETURNING id`,
)

/** $1 tenant. A deletion of the last key would open the service, so one of another tenant must exist. */
const keysStatement = statement(
  'eraseKeys',
  idRow,
  `DELETE FROM "Key" WHERE id = ANY(ARRAY(SELECT id FROM "Key" WHERE "tenantId" = $1 ORDER BY id LIMIT 1000 FOR UPDATE))
    AND EXISTS (SELECT FROM "Key" AS other WHERE NOT EXISTS (
      SELECT FROM "Tenant" WHERE "Tenant".id = other."tenantId" AND "deletionRequestedAt" IS NOT NULL))
    RETURNING id`,
  { scans: 'it stops at the first key of a tenant that stays' },
)

const holdStatement = statement(
  'holdErasedTenant',
  z.strictObject({ deletionActor: z.unknown() }),
  'SELECT "deletionActor" FROM "Tenant" WHERE id = $1 AND "deletionRequestedAt" IS NOT NULL FOR UPDATE',
)

const owning = ['Job', 'Webhook', 'Workshop', 'Key', ...Object.keys(batches)]

const isEmptyStatement = statement(
  'isTenantErased',
  z.strictObject({ isEmpty: z.boolean() }),
  `SELECT ${owning.map((table) => `NOT EXISTS (SELECT FROM "${table}" WHERE "tenantId" = $1)`).join(' AND ')} AS "isEmpty"`,
)

const sumsStatement = statement(
  'eraseSums',
  noRow,
  `WITH sums AS (DELETE FROM "TenantUse" WHERE "tenantId" = $1), queue AS (DELETE FROM "QueueCount" WHERE "tenantId" = $1)
    DELETE FROM "Participant" WHERE "tenantId" = $1`,
)

const deleteStatement = statement(
  'eraseTenant',
  noRow,
  `WITH late AS (
      INSERT INTO "DeletedTenant" (id) SELECT $1 WHERE $1 <> '${localTenant}'
      ON CONFLICT (id) DO UPDATE SET "deletedAt" = excluded."deletedAt"
    ) DELETE FROM "Tenant" WHERE id = $1`,
)

/** Deleted tenants that do not exist again. */
const lateStatement = statement(
  'lateTenants',
  idRow,
  `SELECT id FROM "DeletedTenant" WHERE NOT EXISTS (SELECT FROM "Tenant" WHERE "Tenant".id = "DeletedTenant".id)`,
)

const forgetStatement = statement(
  'forgetDeletedTenants',
  noRow,
  `DELETE FROM "DeletedTenant" WHERE "deletedAt" < now() - interval '${lateMinutes} minutes'`,
)

export function tenantEraser(database: Database): TenantEraser {
  const { pool } = database

  async function eraseJobs(tenantId: string): Promise<number> {
    const rows = await send(pool, oldestJobsStatement, [tenantId, batch.jobs])
    const ids = rows.map(({ id }) => id)
    if (ids.length === 0) return 0
    await send(pool, cancelJobsStatement, [ids])
    return (await send(pool, deleteJobsStatement, [ids])).length
  }

  /** The steps in order. Each deletes one batch and returns its size. */
  const steps: ((tenantId: string) => Promise<number>)[] = [
    async (id) => (await send(pool, closeStatement, [id])).length,
    async (id) => (await send(pool, participantsStatement, [id])).length,
    async (id) => (await send(pool, deliveriesStatement, [id, batch.deliveries])).length,
    async (id) => (await send(pool, webhooksStatement, [id])).length,
    async (id) => (await send(pool, cancelSweepsStatement, [id, batch.sweeps])).length,
    eraseJobs,
    ...rowStatements.map(([erase, size]) => async (id: string) => {
      const [{ erased }] = await send(pool, erase, [id, size])
      return erased
    }),
    async (id) => (await send(pool, workshopsStatement, [id])).length,
    async (id) => (await send(pool, keysStatement, [id])).length,
  ]

  async function eraseData(tenantId: string, isStopping: () => boolean): Promise<void> {
    for (const step of steps) {
      let size: number
      do {
        if (isStopping()) return
        size = await step(tenantId)
      } while (size > 0)
    }
  }

  return {
    async pending() {
      return (await send(pool, pendingStatement, [])).map(({ id }) => id)
    },

    async erase(tenantId, isStopping) {
      await eraseData(tenantId, isStopping)
      if (isStopping()) return false
      return database.$transaction((client) => finish(client, tenantId))
    },

    async cleanUp() {
      for (const { id } of await send(pool, lateStatement, [])) {
        await eraseData(id, () => false)
        await send(pool, sumsStatement, [id])
      }
      await send(pool, forgetStatement, [])
    },
  }
}

/** Deletes the row of the tenant, if nothing is left. Of several processes, one writes the entry. */
async function finish(client: Prisma.TransactionClient, tenantId: string): Promise<boolean> {
  const [tenant] = await query(client, holdStatement, [tenantId])
  if (tenant === undefined) return true
  const [{ isEmpty }] = await query(client, isEmptyStatement, [tenantId])
  if (!isEmpty) return false
  await query(client, sumsStatement, [tenantId])
  await query(client, deleteStatement, [tenantId])
  const actor = actorSchema.parse(tenant.deletionActor)
  await audit(client, actor, { action: 'tenant.deleted', tenantId, target: tenantId })
  return true
}
