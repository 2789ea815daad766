/** The audit log: who granted or ended access, changed limits, or deleted data of a tenant. */
import { z } from 'zod'
import { text } from './text.js'

/** What each action means, and what `details` has. */
export const auditActions = {
  'tenant.created': 'A tenant was created',
  'tenant.suspended': 'A tenant was suspended, for `reason`',
  'tenant.resumed': 'A suspended tenant was resumed',
  'tenant.deletionRequested':
    'The deletion of a tenant began. `wasSuspended`, `queuedJobs`, `runningJobs` and `storedBytes`',
  'tenant.deleted': 'All data of a tenant was deleted, in the name of the actor of the request',
  'limits.changed': 'Limits of a tenant changed. `before` and `after`, by limit; null is the setting',
  'key.created': 'A key was created. `name`, `scopes`, `models` and `expiresAt`',
  'key.changed': 'The name or the expiry of a key changed. `before` and `after`',
  'key.rotated': 'A key was replaced. `replacedBy` is the new key, and `expiresAt` the end of the old one',
  'key.revoked': 'A key was revoked',
  'key.deleted': 'A revoked or expired key was deleted',
  'webhook.created': 'A webhook was registered. `host` and `events`',
  'webhook.deleted': 'A webhook was deleted. `host`',
  'webhook.enabled': 'A webhook was enabled',
  'webhook.disabled': 'An operator disabled a webhook, for `reason`',
  'webhook.secretRotated': 'The secret of a webhook was replaced. `previousSecretExpiresAt`',
  'shareLink.created': 'A share link was made. `jobId`',
  'shareLink.revoked': 'A share link was revoked. `jobId`',
  'job.deleted': 'An ended job was deleted, with `count - 1` trials that repeat it',
  'jobs.deleted':
    'Ended jobs were deleted by a filter. `before`, `statuses` and `count`, at most 500 an entry',
  'sweep.deleted': 'An ended sweep was deleted, without its jobs',
  'model.deleted': 'A model was deleted. `jobId`, of its training',
  'registeredModel.deleted': 'A name of the registry was deleted, with `versions` versions',
  'dataset.deleted': 'A dataset was deleted. `rows` and `bytes`',
  'workshop.created': 'A workshop was opened. `expiresAt`',
  'workshop.joined':
    'A participant joined a workshop, and got the key of the actor. `participant`, its tenant',
  'workshop.paused': 'The jobs of the participants of a workshop were paused',
  'workshop.resumed': 'The paused jobs of the participants of a workshop were resumed',
  'workshop.reset': 'The deletion of all data of the participants of a workshop began',
  'workshop.deleted': 'The deletion of a workshop with its participants and their data began',
} as const satisfies Record<string, string>
export type AuditAction = keyof typeof auditActions

/** What a key may do to the data of its tenant as often as it likes. */
export const frequentActions: readonly AuditAction[] = [
  'webhook.created',
  'webhook.deleted',
  'webhook.enabled',
  'webhook.secretRotated',
  'shareLink.created',
  'shareLink.revoked',
  'job.deleted',
  'jobs.deleted',
  'sweep.deleted',
  'model.deleted',
  'registeredModel.deleted',
  'dataset.deleted',
  'workshop.created',
  'workshop.paused',
  'workshop.resumed',
  'workshop.reset',
  'workshop.deleted',
]

/** Of a frequent action, an actor and a tenant on a day (UTC). One more entry counts the further changes of that day. */
export const separateEntries = 100

export const auditActionSchema = z.enum(Object.keys(auditActions) as [AuditAction, ...AuditAction[]])

export const actorTypeSchema = z
  .enum(['key', 'local', 'command'])
  .describe('a key, a client of a service without keys, or the command line')

export const auditEntrySchema = z.object({
  id: z.string(),
  object: z.literal('auditEntry'),
  at: z.iso.datetime(),
  actor: z.object({
    type: actorTypeSchema,
    id: z.string().nullable().describe('id of the key, or user of the operating system'),
  }),
  action: auditActionSchema,
  tenantId: z.string().nullable().describe('the tenant that the change concerns'),
  target: z
    .string()
    .nullable()
    .describe('id of the object that changed; null for several, such as the further changes of a day'),
  details: z
    .record(z.string(), z.unknown())
    .describe(
      `never has a secret. After ${separateEntries} changes of a frequent kind by an actor on a day, one entry has the ` +
        'further ones: `changes`, the time `until` the last, and the sum of their `count`',
    ),
  requestId: z.string().nullable().describe('as in the log lines of the request'),
  address: text(100).nullable().describe('of the client; an IPv6 address is shortened to its /64 network'),
})
export type AuditEntry = z.infer<typeof auditEntrySchema>
