/** API keys and their scopes. */
import { z } from 'zod'
import { text } from './text.js'

export const scopeSchema = z.enum([
  'jobs:read',
  'jobs:write',
  'models:read',
  'models:write',
  'datasets:read',
  'datasets:write',
  'webhooks:read',
  'webhooks:write',
  'metrics:read',
])
export type Scope = z.infer<typeof scopeSchema>

export const scopeMeanings: Record<Scope, string> = {
  'jobs:read': 'List, read and watch jobs',
  'jobs:write': 'Start, control and delete jobs',
  'models:read': 'Read models, predict and evaluate; a stored dataset also needs datasets:read',
  'models:write': 'Construct, change and delete models',
  'datasets:read': 'Read datasets and their rows',
  'datasets:write': 'Upload, preview and delete datasets',
  'webhooks:read': 'Read webhooks and their deliveries',
  'webhooks:write': 'Register, test, change and delete webhooks',
  'metrics:read': 'Read /metrics and /workers, which cover all tenants',
}

/** Adds the read scope that each write scope implies. */
export function addImpliedScopes(scopes: readonly Scope[]): Set<Scope> {
  const reading = scopes.map((scope) => scopeSchema.parse(scope.replace(':write', ':read')))
  return new Set([...scopes, ...reading])
}

export const tenantIdSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be 1 to 63 lower-case letters, digits and hyphens')

/** The tenant of all clients when the service runs without keys. */
export const localTenant = 'local'

/** A key without its secret. */
export interface Key {
  id: string
  tenantId: string
  scopes: Scope[]
  createdAt: Date
  expiresAt: Date | null
  revokedAt: Date | null
}

export const streamTicketSchema = z.object({
  ticket: text(200).describe('opens one connection'),
  expiresAt: z.iso.datetime(),
  stream: z.string().describe('URL of the stream with the ticket'),
})
export type StreamTicket = z.infer<typeof streamTicketSchema>
