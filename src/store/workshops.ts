/** Workshops and their participants. Each participant is a tenant with one key. */
import { z } from 'zod'
import { jobStatusSchema, unfinishedStatuses } from '../contract/job-status.js'
import { type Leaderboard, leaderboardMetricSchema } from '../contract/leaderboard.js'
import { Problem } from '../contract/problems.js'
import { unfinishedSweepStatuses } from '../contract/sweep.js'
import {
  type Participant,
  type Workshop,
  type WorkshopRun,
  workshopLimits,
  workshopSchema,
} from '../contract/workshop.js'
import type { Client, NewParticipant, NewWorkshop, WorkshopStore } from '../training/ports/workshops.js'
import { audit } from './audit.js'
import { type Database, Prisma } from './database.js'
import type { Workshop as WorkshopRow } from './generated/client.js'
import { createOnce } from './idempotency.js'
import { newestFirst } from './pages.js'
import { changeParticipant } from './participant-jobs.js'
import { idRow, noRow, query, send, statement } from './statements.js'
import { lockStatement } from './tenant-limits.js'
import { statusIn } from './transitions.js'
import { readStandings } from './workshop-scores.js'

/** Jobs of a participant in the table of runs. */
const shownRuns = 200

const runColumns = {
  id: z.string(),
  name: z.string().nullable(),
  status: jobStatusSchema,
  epoch: z.int(),
  epochs: z.int(),
  loss: z.number().nullable(),
  accuracy: z.number().nullable(),
  valLoss: z.number().nullable(),
  valAccuracy: z.number().nullable(),
  score: z.number().nullable(),
  createdAt: z.date(),
}
const runRow = z.strictObject(runColumns)

/** The newest $2 jobs of the participant, as rows `run`. */
const newestRuns = (limit: string) => `
  SELECT id, name, status, epoch, epochs, loss, accuracy, "valLoss", "valAccuracy", score, "createdAt"
  FROM "Job" LEFT JOIN "WorkshopScore" ON "jobId" = id
  WHERE "Job"."tenantId" = "Participant"."tenantId" ORDER BY "createdAt" DESC, id DESC LIMIT ${limit}`

const participantsStatement = statement(
  'workshopParticipants',
  z.strictObject({
    nickname: z.string(),
    joinedAt: z.date(),
    jobs: z.int(),
    ...Object.fromEntries(Object.entries(runColumns).map(([name, type]) => [name, type.nullable()])),
  }),
  `SELECT nickname, "joinedAt", run.*,
     (SELECT count(*)::int FROM "Job" WHERE "Job"."tenantId" = "Participant"."tenantId") AS jobs
   FROM "Participant" LEFT JOIN LATERAL (${newestRuns('1')}) AS run ON true
   WHERE "workshopId" = $1 ORDER BY "joinedAt", "Participant"."tenantId"`,
)

const runsStatement = statement(
  'workshopRuns',
  z.strictObject({ nickname: z.string(), ...runColumns }),
  `SELECT nickname, run.* FROM "Participant", LATERAL (${newestRuns('$2')}) AS run
   WHERE "workshopId" = $1 ORDER BY "joinedAt", "Participant"."tenantId", run."createdAt" DESC, run.id DESC`,
)

/** Locks the workshop, so that participants who join at once count each other. */
const openStatement = statement(
  'openWorkshop',
  z.strictObject({ id: z.string(), tenantId: z.string(), expiresAt: z.date() }),
  'SELECT id, "tenantId", "expiresAt" FROM "Workshop" WHERE code = $1 AND "expiresAt" > now() FOR UPDATE',
)

const holdStatement = statement(
  'holdHiddenRows',
  idRow,
  'SELECT id FROM "Dataset" WHERE id = $1 AND "tenantId" = $2 FOR KEY SHARE',
)

const expireStatement = statement(
  'expireWorkshop',
  z.strictObject({ expiresAt: z.date() }),
  `UPDATE "Workshop" SET "expiresAt" = "createdAt" + $2::float8 * interval '1 hour' WHERE id = $1 RETURNING "expiresAt"`,
)

/** Participants whose keys have expired with their workshop. */
const endedStatement = statement(
  'endedParticipants',
  z.strictObject({ tenantId: z.string() }),
  `SELECT "Participant"."tenantId" FROM "Workshop" JOIN "Participant" ON "workshopId" = "Workshop".id
    WHERE "expiresAt" <= now() AND (
      EXISTS (SELECT FROM "Job" WHERE "Job"."tenantId" = "Participant"."tenantId" AND ${statusIn(unfinishedStatuses)})
      OR EXISTS (SELECT FROM "Sweep" WHERE "Sweep"."tenantId" = "Participant"."tenantId"
        AND ${statusIn(unfinishedSweepStatuses)}))`,
)

const closeStatement = statement(
  'closeWorkshop',
  noRow,
  `WITH closed AS (UPDATE "Workshop" SET "expiresAt" = now() WHERE id = $1 AND "expiresAt" > now())
    UPDATE "Key" SET "expiresAt" = now() FROM "Participant"
      WHERE "workshopId" = $1 AND "Key"."tenantId" = "Participant"."tenantId" AND "expiresAt" > now()`,
)

const counted = { _count: { select: { participants: true } } } as const
type CountedRow = WorkshopRow & { _count: { participants: number } }

export function workshopStore(database: Database): WorkshopStore {
  const participants = async (id: string) => {
    const rows = await send(database.pool, participantsStatement, [id])
    return rows.map(toParticipant)
  }
  return {
    create: (workshop, actor, once) =>
      database.inTransaction(workshop.tenantId, (client) =>
        createOnce(client, once, async () => {
          const created = await insertWorkshop(client, workshop)
          const { id, expiresAt } = created
          const change = { tenantId: workshop.tenantId, target: id, details: { expiresAt } }
          await audit(client, actor, { action: 'workshop.created', ...change })
          return created
        }),
      ),

    async list(tenantId) {
      const orderBy = [...newestFirst]
      const rows = await database.workshop.findMany({ where: { tenantId }, orderBy, include: counted })
      return rows.map(toWorkshop)
    },

    async get(tenantId, id) {
      const row = await database.workshop.findFirst({ where: { id, tenantId }, include: counted })
      return row === null ? null : toWorkshop(row)
    },

    async change(tenantId, id, { name, spec, leaderboard }) {
      const data = {
        ...(name === undefined ? {} : { name }),
        ...(spec === undefined ? {} : { spec: toJson(spec) }),
        ...(leaderboard === undefined ? {} : toColumns(leaderboard)),
      }
      const isChanged = await database.$transaction(async (client) => {
        await holdDataset(client, tenantId, leaderboard ?? null)
        const { count } = await client.workshop.updateMany({ where: { id, tenantId }, data })
        if (count === 0) return false
        if (leaderboard !== undefined) await client.workshopScore.deleteMany({ where: { workshopId: id } })
        return true
      })
      return isChanged ? this.get(tenantId, id) : null
    },

    join: (participant, by) =>
      database.inTransaction(participant.tenantId, (client) => insertParticipant(client, participant, by)),

    participants,

    async tenants(workshopId) {
      return database.participant.findMany({
        where: { workshopId },
        orderBy: [{ joinedAt: 'asc' }, { tenantId: 'asc' }],
        select: { tenantId: true, nickname: true },
      })
    },

    changeJobs: (tenantId, change) => changeParticipant(database, tenantId, change),

    async runs(id) {
      const rows = await send(database.pool, runsStatement, [id, shownRuns])
      return rows.map(({ nickname, ...run }) => ({ nickname, run: toRun(run) }))
    },

    async membership(tenantId) {
      const row = await database.participant.findUnique({ where: { tenantId }, include: { workshop: true } })
      if (row === null) return null
      const { nickname, workshop } = row
      const { id, name, spec, expiresAt } = workshop
      const { metric = null } = readLeaderboard(workshop) ?? {}
      const standings = metric === null ? [] : await readStandings(database, id, metric)
      return {
        ...{ object: 'membership', nickname, name },
        spec: readSpec(spec),
        expiresAt: expiresAt.toISOString(),
        participants: await participants(id),
        metric,
        standings: standings.map(({ detail: _, ...standing }) => standing),
      }
    },

    async delete(id) {
      await database.$transaction(async (client) => {
        const participants = await client.participant.findMany({ where: { workshopId: id } })
        const tenants = participants.map(({ tenantId }) => tenantId)
        await client.workshop.deleteMany({ where: { id } })
        await client.key.deleteMany({ where: { tenantId: { in: tenants } } })
        await client.tenant.deleteMany({ where: { id: { in: tenants } } })
      })
    },

    close: ({ id, tenantId }, actor) =>
      database.$transaction(async (client) => {
        await query(client, closeStatement, [id])
        await audit(client, actor, { action: 'workshop.deleted', tenantId, target: id })
      }),

    record: ({ id, tenantId }, action, actor) =>
      audit(database, actor, { action: `workshop.${action}`, tenantId, target: id }),

    async cleanUp() {
      for (const { tenantId } of await send(database.pool, endedStatement, [])) {
        await changeParticipant(database, tenantId, 'cancel')
      }
    },
  }
}

async function insertWorkshop(
  client: Prisma.TransactionClient,
  { drawCode, hours, spec, leaderboard, ...data }: NewWorkshop,
): Promise<Workshop> {
  await query(client, lockStatement, [JSON.stringify(['workshops of', data.tenantId])])
  const count = await client.workshop.count({ where: { tenantId: data.tenantId } })
  if (count >= workshopLimits.workshops) {
    const message = `Workshop limit reached: ${count} of ${workshopLimits.workshops}. Delete one first.`
    throw new Problem('too-many-workshops', message)
  }
  await holdDataset(client, data.tenantId, leaderboard)
  let code = drawCode()
  while ((await client.workshop.findUnique({ where: { code }, select: { id: true } })) !== null)
    code = drawCode()
  const row = await client.workshop.create({
    data: { ...data, ...toColumns(leaderboard), code, spec: toJson(spec), expiresAt: new Date() },
    include: counted,
  })
  const [{ expiresAt }] = await query(client, expireStatement, [row.id, hours])
  return toWorkshop({ ...row, expiresAt })
}

/** Locks the dataset until the workshop is stored. @throws Problem `not-found` */
async function holdDataset(
  client: Prisma.TransactionClient,
  tenantId: string,
  leaderboard: Leaderboard | null,
): Promise<void> {
  if (leaderboard === null) return
  const { dataset } = leaderboard
  if ((await query(client, holdStatement, [dataset, tenantId])).length > 0) return
  throw new Problem('not-found', `There is no dataset ${dataset}.`)
}

async function insertParticipant(
  client: Prisma.TransactionClient,
  { code, nickname, tenantId, limits, key }: NewParticipant,
  by: Client,
): Promise<{ expiresAt: string } | null> {
  const [workshop] = await query(client, openStatement, [code])
  if (workshop === undefined) return null
  const { id: workshopId, tenantId: teacher, expiresAt } = workshop
  const nicknameKey = nickname.normalize('NFKC').toLocaleLowerCase('en')
  const taken = { workshopId_nicknameKey: { workshopId, nicknameKey } }
  if ((await client.participant.findUnique({ where: taken, select: { tenantId: true } })) !== null) {
    const message = `Somebody in this workshop is called ${nickname}. Choose another nickname.`
    throw new Problem('nickname-taken', message)
  }
  const count = await client.participant.count({ where: { workshopId } })
  if (count >= workshopLimits.participants) {
    const message = `The workshop has ${count} of ${workshopLimits.participants} participants.`
    throw new Problem('workshop-full', message)
  }
  await client.tenant.create({ data: { id: tenantId, limits } })
  await client.participant.create({ data: { tenantId, workshopId, nickname, nicknameKey } })
  await client.key.create({ data: { ...key, tenantId, expiresAt } })
  const change = { tenantId: teacher, target: workshopId, details: { participant: tenantId } }
  await audit(client, { type: 'key', id: key.id, ...by }, { action: 'workshop.joined', ...change })
  return { expiresAt: expiresAt.toISOString() }
}

const toJson = (spec: Record<string, unknown> | null) =>
  spec === null ? Prisma.DbNull : (JSON.parse(JSON.stringify(spec)) as Prisma.InputJsonObject)

const toColumns = (leaderboard: Leaderboard | null) => ({
  datasetId: leaderboard?.dataset ?? null,
  metric: leaderboard?.metric ?? null,
})

const readSpec = (spec: unknown) => workshopSchema.shape.spec.parse(spec)

/** Null also after the dataset was deleted. */
const readLeaderboard = ({ datasetId, metric }: WorkshopRow): Leaderboard | null =>
  datasetId === null ? null : { dataset: datasetId, metric: leaderboardMetricSchema.parse(metric) }

function toWorkshop({ _count, ...row }: CountedRow): Workshop {
  const { id, name, code, createdAt, expiresAt, spec } = row
  return {
    ...{ id, object: 'workshop', name, code },
    spec: readSpec(spec),
    leaderboard: readLeaderboard(row),
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    participantCount: _count.participants,
    links: { self: `/workshops/${id}`, join: `/#/join/${code}` },
  }
}

function toRun({
  loss,
  accuracy,
  valLoss,
  valAccuracy,
  createdAt,
  ...run
}: z.infer<typeof runRow>): WorkshopRun {
  const metrics = { loss, accuracy, valLoss, valAccuracy }
  return { ...run, metrics, createdAt: createdAt.toISOString() }
}

function toParticipant({
  nickname,
  joinedAt,
  jobs,
  ...run
}: z.infer<typeof participantsStatement.row>): Participant {
  const latest = runRow.safeParse(run)
  return {
    nickname,
    joinedAt: joinedAt.toISOString(),
    jobs,
    latest: latest.success ? toRun(latest.data) : null,
  }
}
