/** API keys and their scopes. */
import { z } from 'zod'
import { modelReferenceSchema } from './registry.js'
import { text } from './text.js'

export const scopeSchema = z.enum([
  'jobs:read',
  'jobs:write',
  'models:predict',
  'models:read',
  'models:write',
  'datasets:read',
  'datasets:write',
  'webhooks:read',
  'webhooks:write',
  'metrics:read',
  'workshops:read',
  'workshops:write',
  'admin',
])
export type Scope = z.infer<typeof scopeSchema>

export const scopeMeanings: Record<Scope, string> = {
  'jobs:read': 'List, read and watch jobs',
  'jobs:write': 'Start, control and delete jobs',
  'models:predict': 'Predict; a key with only this scope may be limited to named models',
  'models:read': 'Read models, predict and evaluate; a stored dataset also needs datasets:read',
  'models:write': 'Construct, change and delete models',
  'datasets:read': 'Read datasets and their rows',
  'datasets:write': 'Upload, preview and delete datasets',
  'webhooks:read': 'Read webhooks and their deliveries',
  'webhooks:write': 'Register, test, change and delete webhooks',
  'metrics:read': 'Read /metrics and /workers, which cover all tenants',
  'workshops:read': 'Read workshops, with the runs of their participants',
  'workshops:write': 'Open, control and delete workshops, with the data of their participants',
  admin: 'Manage tenants, keys and limits; read workers, usage and the audit log, but no data of tenants',
}

/** Adds the read scope that each write scope implies, and `models:predict`, which `models:read` implies. */
export function addImpliedScopes(scopes: readonly Scope[]): Set<Scope> {
  const reading = scopes.map((scope) => scopeSchema.parse(scope.replace(':write', ':read')))
  const predicting: Scope[] = reading.includes('models:read') ? ['models:predict'] : []
  return new Set([...scopes, ...reading, ...predicting])
}

/** Whether the scopes allow predictions and nothing else. */
export const isPredictOnly = (scopes: ReadonlySet<Scope>) => scopes.size === 1 && scopes.has('models:predict')

/** A model that a key may predict: its id, or a name as requests have it. A name covers no id. */
export const keyModelSchema = modelReferenceSchema

export const maximumKeyModels = 100

export const tenantIdSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be 1 to 63 lower-case letters, digits and hyphens')

/** The tenant of all clients when the service runs without keys. */
export const localTenant = 'local'

export const streamTicketSchema = z.object({
  ticket: text(200).describe('opens one connection'),
  expiresAt: z.iso.datetime(),
  stream: z.string().describe('URL of the stream with the ticket'),
})
