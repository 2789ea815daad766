/** Share links. Deleting a link revokes it, and deleting a job deletes its links. */
import { z } from 'zod'
import { ownLimitsSchema } from '../contract/limits.js'
import { Problem } from '../contract/problems.js'
import { maximumShareLinks, type ShareLink } from '../contract/share-link.js'
import type { AllShareLinks, KnownShareLink, ShareLinkStore } from '../training/ports/share-links.js'
import { audit } from './audit.js'
import { coalescedRows } from './coalesced.js'
import type { Database } from './database.js'
import type { ShareLink as ShareLinkRow } from './generated/client.js'
import { newestFirst } from './pages.js'
import { idRow, query, send, statement } from './statements.js'
import { lockStatement } from './tenant-limits.js'

/** $1 jobs. */
const findStatement = statement(
  'findShareLinks',
  z.strictObject({
    id: z.string(),
    jobId: z.string(),
    tenantId: z.string(),
    sha256: z.string(),
    limits: z.unknown(),
  }),
  `SELECT link.id, link."jobId", job."tenantId", link.sha256, "Tenant".limits
    FROM "ShareLink" AS link JOIN "Job" AS job ON job.id = link."jobId" LEFT JOIN "Tenant" ON "Tenant".id = job."tenantId"
    WHERE link."jobId" = ANY($1::text[]) AND "Tenant"."suspendedAt" IS NULL`,
)

const liveStatement = statement(
  'liveShareLinks',
  idRow,
  `SELECT link.id FROM "ShareLink" AS link JOIN "Job" AS job ON job.id = link."jobId"
    WHERE link.id = ANY($1::text[])
      AND NOT EXISTS (SELECT FROM "Tenant" WHERE "Tenant".id = job."tenantId" AND "suspendedAt" IS NOT NULL)`,
)

export function shareLinkStore(database: Database): AllShareLinks {
  const links = coalescedRows(async (jobIds) => {
    const rows = await send(database.pool, findStatement, [jobIds])
    const byJob = new Map<string, KnownShareLink[]>()
    for (const { jobId, limits, ...link } of rows) {
      const known = { ...link, ownLimits: ownLimitsSchema.parse(limits ?? {}) }
      byJob.set(jobId, [...(byJob.get(jobId) ?? []), known])
    }
    return byJob
  })
  return {
    of: (tenantId) => tenantShareLinks(database, tenantId),

    find: async (jobId) => (await links.request(jobId)) ?? [],

    async live(ids) {
      const rows = await send(database.pool, liveStatement, [ids])
      return rows.map(({ id }) => id)
    },
  }
}

function tenantShareLinks(database: Database, tenantId: string): ShareLinkStore {
  return {
    create: (link, actor) =>
      database.inTransaction(tenantId, async (client) => {
        const { jobId } = link
        // Concurrent creations count each other.
        await query(client, lockStatement, [JSON.stringify(['share links of', jobId])])
        const where = { id: jobId, tenantId }
        const job = await client.job.findUnique({
          where,
          select: { _count: { select: { shareLinks: true } } },
        })
        if (job === null) return null
        const { shareLinks: count } = job._count
        if (count >= maximumShareLinks) {
          const message = `Share link limit reached: ${count} of ${maximumShareLinks}. Revoke one first.`
          throw new Problem('too-many-share-links', message)
        }
        const created = await client.shareLink.create({ data: link })
        const change = { action: 'shareLink.created', tenantId, target: link.id, details: { jobId } } as const
        await audit(client, actor, change)
        return toShareLink(created)
      }),

    async list(jobId) {
      const job = await database.job.findUnique({
        where: { id: jobId, tenantId },
        select: { shareLinks: { orderBy: [...newestFirst] } },
      })
      return job === null ? null : job.shareLinks.map(toShareLink)
    },

    revoke: (jobId, id, actor) =>
      database.inTransaction(tenantId, async (client) => {
        const { count } = await client.shareLink.deleteMany({ where: { id, jobId, job: { tenantId } } })
        if (count === 0) return false
        await audit(client, actor, { action: 'shareLink.revoked', tenantId, target: id, details: { jobId } })
        return true
      }),
  }
}

function toShareLink({ id, jobId, createdAt }: ShareLinkRow): ShareLink {
  return { id, object: 'shareLink', jobId, createdAt: createdAt.toISOString() }
}
