/** The registry: names of models, their versions, and aliases that move between versions. */
import { z } from 'zod'
import { idSchema } from './ids.js'

export const registryLimits = {
  /** Of a tenant. */
  names: 1_000,
  /** Of a name, counting deleted ones. */
  versions: 10_000,
  /** Of a name. */
  aliases: 20,
  /** Moves of an alias that are kept. */
  moves: 1_000,
} as const

/** The alias whose version has the status `current`. */
export const currentAlias = 'current'

const namePattern = '(?!mdl_)[A-Za-z][A-Za-z0-9._-]{0,62}'
const aliasPattern = '[A-Za-z][A-Za-z0-9._-]{0,31}'
const versionPattern = '[1-9][0-9]{0,8}'

export const registeredNameSchema = z
  .string()
  .regex(
    new RegExp(`^${namePattern}$`),
    'must be 1 to 63 letters, digits, ".", "_" or "-", begin with a letter, and not begin with mdl_',
  )

export const aliasNameSchema = z
  .string()
  .regex(
    new RegExp(`^${aliasPattern}$`),
    'must be 1 to 32 letters, digits, ".", "_" or "-", and begin with a letter',
  )

const versionNumberSchema = z.int().min(1).max(999_999_999)

/** What requests name a model by. */
export type ModelReference =
  | { type: 'id'; id: string }
  | { type: 'alias'; name: string; alias: string }
  | { type: 'version'; name: string; version: number }

const namedReference = new RegExp(
  `^(?<name>${namePattern})@(?:(?<version>${versionPattern})|(?<alias>${aliasPattern}))$`,
)

/** Null if the text is neither an id, nor `name@alias`, nor `name@version`. */
export function parseModelReference(text: string): ModelReference | null {
  const { name, version, alias } = namedReference.exec(text)?.groups ?? {}
  if (name !== undefined && version !== undefined) return { type: 'version', name, version: Number(version) }
  if (name !== undefined && alias !== undefined) return { type: 'alias', name, alias }
  return idSchema('model').safeParse(text).success ? { type: 'id', id: text } : null
}

export const modelReferenceSchema = z
  .string()
  .max(100)
  .refine((text) => parseModelReference(text) !== null, {
    error: 'must be mdl_ followed by 32 hexadecimal digits, or name@alias, or name@version',
  })

export const versionStatusSchema = z.enum(['candidate', 'current', 'archived'])
export type VersionStatus = z.infer<typeof versionStatusSchema>

const keyIdSchema = z.string().nullable()

export const modelVersionSchema = z.object({
  object: z.literal('modelVersion'),
  name: z.string(),
  version: z.int(),
  modelId: z.string().nullable().describe('null after the model was deleted'),
  status: versionStatusSchema.describe(
    '`current` if the alias `current` points at it, `archived` if it was archived, otherwise `candidate`',
  ),
  aliases: z.array(z.string()).describe('aliases that point at it'),
  createdAt: z.iso.datetime(),
  keyId: keyIdSchema.describe('the key that registered it; null while the service was open'),
  links: z.object({ self: z.string(), model: z.string().nullable() }),
})
export type ModelVersion = z.infer<typeof modelVersionSchema>

export const aliasSchema = z.object({
  object: z.literal('alias'),
  name: z.string(),
  alias: z.string(),
  version: z.int(),
  modelId: z.string(),
  etag: z.string().describe('for `if-match`; changes with each move'),
  movedAt: z.iso.datetime(),
  keyId: keyIdSchema.describe('the key that moved it; null while the service was open'),
  links: z.object({ self: z.string(), history: z.string(), model: z.string() }),
})
export type Alias = z.infer<typeof aliasSchema>

export const registeredModelSchema = z.object({
  object: z.literal('registeredModel'),
  name: z.string(),
  lastVersion: z.int(),
  aliases: z.array(aliasSchema),
  createdAt: z.iso.datetime(),
  links: z.object({ self: z.string(), versions: z.string() }),
})
export type RegisteredModel = z.infer<typeof registeredModelSchema>

export const aliasMoveSchema = z.object({
  object: z.literal('aliasMove'),
  id: z.string(),
  action: z.enum(['created', 'moved', 'rolledBack', 'deleted']),
  from: z.int().nullable().describe('the version before; null if the alias did not exist'),
  to: z.int().nullable().describe('the version after; null for a deletion'),
  keyId: keyIdSchema.describe('the key that moved it; null while the service was open'),
  createdAt: z.iso.datetime(),
})
export type AliasMove = z.infer<typeof aliasMoveSchema>

export const registrationSchema = z
  .strictObject({ modelId: modelReferenceSchema.describe('the model that becomes the next version') })
  .meta({ examples: [{ modelId: 'mdl_0123456789abcdef0123456789abcdef' }] })

export const aliasTargetSchema = z
  .strictObject({ version: versionNumberSchema })
  .meta({ examples: [{ version: 3 }] })

export const versionChangeSchema = z
  .strictObject({
    status: z
      .enum(['candidate', 'archived'])
      .describe('an archived version cannot be given an alias; `candidate` undoes it'),
  })
  .meta({ examples: [{ status: 'archived' }] })
