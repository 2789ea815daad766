/** Compares two versions of a JSON schema in an OpenAPI document, and finds the changes that break clients. */
import { z } from 'zod'

const schemaSchema = z.looseObject({})
export type Schema = z.infer<typeof schemaSchema>
type Schemas = Readonly<Record<string, Schema>>

/** Whether clients send the values or receive them. */
export type Direction = 'sent' | 'received'

interface Comparison {
  before: Schemas
  after: Schemas
  direction: Direction
  /** Pairs of references that were compared. */
  seen: Set<string>
}

const list = (value: unknown) => z.array(schemaSchema).catch([]).parse(value)
const names = (value: unknown) => z.array(z.string()).catch([]).parse(value)
const fields = (value: unknown) => z.record(z.string(), schemaSchema).catch({}).parse(value)
const isObject = (value: unknown): value is Schema => typeof value === 'object' && value !== null

const prefix = '#/components/schemas/'

function resolve(schema: Schema, schemas: Schemas): Schema {
  const { $ref } = schema
  if (typeof $ref !== 'string') return schema
  const target = schemas[$ref.slice(prefix.length)]
  if (target === undefined) throw new Error(`${$ref} is not in the document`)
  return resolve(target, schemas)
}

/** The alternatives that a value may match, each with one type. */
function alternatives(schema: Schema, schemas: Schemas): Schema[] {
  const resolved = resolve(schema, schemas)
  const { oneOf, anyOf, type, ...rest } = resolved
  const options = list(oneOf ?? anyOf)
  if (options.length > 0) return options.flatMap((option) => alternatives(option, schemas))
  if (Array.isArray(type)) return type.map((each) => ({ ...rest, type: each }))
  return [resolved]
}

/** @returns a sentence for each breaking change */
export function compareSchemas(
  before: Schema,
  after: Schema,
  where: string,
  comparison: Comparison,
): string[] {
  const key = JSON.stringify([before.$ref, after.$ref])
  if (typeof before.$ref === 'string' && typeof after.$ref === 'string') {
    if (comparison.seen.has(key)) return []
    comparison.seen.add(key)
  }
  const old = alternatives(before, comparison.before)
  const current = alternatives(after, comparison.after)
  return [
    ...compareTypes(old, current, where, comparison.direction),
    ...compareLiterals(old, current, where, comparison.direction),
    ...comparePairs(old, current, where, comparison),
  ]
}

const typesOf = (schemas: readonly Schema[]) => [...new Set(schemas.map(({ type }) => String(type ?? 'any')))]

function compareTypes(before: Schema[], after: Schema[], where: string, direction: Direction): string[] {
  const [old, current] = [typesOf(before), typesOf(after)]
  const [given, accepted] = direction === 'sent' ? [old, current] : [current, old]
  const isAccepted = (type: string) =>
    accepted.includes(type) || accepted.includes('any') || (type === 'integer' && accepted.includes('number'))
  const lost = given.filter((type) => !isAccepted(type))
  return lost.map((type) =>
    direction === 'sent' ? `${where}: ${type} is no longer accepted` : `${where}: may now be ${type}`,
  )
}

/** The values that an enumeration permits; none for other schemas. */
const literalsOf = (schema: Schema): unknown[] =>
  Array.isArray(schema.enum) ? schema.enum : 'const' in schema ? [schema.const] : []

/** An enumeration that clients receive may grow, and clients must expect that. */
function compareLiterals(before: Schema[], after: Schema[], where: string, direction: Direction): string[] {
  const free = after.filter((schema) => literalsOf(schema).length === 0)
  const isFree = (value: unknown) => free.some(({ type }) => type === undefined || type === typeof value)
  const current = after.flatMap(literalsOf)
  const old = before.flatMap(literalsOf)
  if (direction === 'sent') {
    return old
      .filter((value) => !current.includes(value) && !isFree(value))
      .map((value) => `${where}: ${JSON.stringify(value)} is no longer accepted`)
  }
  const wasFree = before.some((schema) => literalsOf(schema).length === 0 && schema.type === 'string')
  const isNewlyFree =
    old.length > 0 && !wasFree && old.some((value) => typeof value === 'string' && isFree(value))
  return isNewlyFree ? [`${where}: is no longer an enumeration`] : []
}

/** The constants of the required fields of an object, which identify the options of a union. */
function identify(schema: Schema): string[] {
  const required = names(schema.required)
  const properties = fields(schema.properties)
  for (const name of ['type', 'name']) {
    const property = properties[name]
    const values = property === undefined || !required.includes(name) ? [] : literalsOf(property)
    if (values.length > 0) return values.map((value) => `${name} ${value}`)
  }
  return []
}

/** Compares the alternatives that belong together: those of one type, and of objects those with the same constant. */
function comparePairs(before: Schema[], after: Schema[], where: string, comparison: Comparison): string[] {
  return before.flatMap((old) => {
    const ofType = after.filter(({ type }) => type === old.type)
    const keys = identify(old)
    if (keys.length === 0 || before.length === 1) {
      const partner = ofType.find((each) => identify(each).length === keys.length) ?? ofType[0]
      return partner === undefined ? [] : compareAlternatives(old, partner, where, comparison)
    }
    return keys.flatMap((key) => {
      const partner = ofType.find((each) => identify(each).includes(key))
      if (partner === undefined) return [`${where}: the option ${key} was removed`]
      return compareAlternatives(old, partner, `${where} (${key})`, comparison)
    })
  })
}

function compareAlternatives(before: Schema, after: Schema, where: string, comparison: Comparison): string[] {
  const inner = [
    ...compareFields(before, after, where, comparison),
    ...compareInner(before.items, after.items, `${where}[]`, comparison),
    ...compareInner(before.additionalProperties, after.additionalProperties, `${where}.*`, comparison),
    ...list(before.prefixItems).flatMap((item, index) =>
      compareInner(item, list(after.prefixItems)[index], `${where}[${index}]`, comparison),
    ),
  ]
  return comparison.direction === 'sent' ? [...inner, ...compareLimits(before, after, where)] : inner
}

function compareInner(before: unknown, after: unknown, where: string, comparison: Comparison): string[] {
  return isObject(before) && isObject(after) ? compareSchemas(before, after, where, comparison) : []
}

function compareFields(before: Schema, after: Schema, where: string, comparison: Comparison): string[] {
  const isSent = comparison.direction === 'sent'
  const [old, current] = [fields(before.properties), fields(after.properties)]
  const [wasRequired, isRequired] = [names(before.required), names(after.required)]
  const changed = Object.entries(old).flatMap(([name, schema]) => {
    const present = current[name]
    if (present === undefined) return [`${where}.${name}: was removed`]
    return compareSchemas(schema, present, `${where}.${name}`, comparison)
  })
  const [stricter, earlier] = isSent ? [isRequired, wasRequired] : [wasRequired, isRequired]
  const required = stricter
    .filter((name) => !earlier.includes(name) && (isSent || name in current))
    .map((name) => (isSent ? `${where}.${name}: is now required` : `${where}.${name}: may now be absent`))
  const closed = isSent && after.additionalProperties === false && before.additionalProperties !== false
  return [...changed, ...required, ...(closed ? [`${where}: other fields are no longer accepted`] : [])]
}

const lowerLimits = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems'] as const
const upperLimits = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'] as const

function compareLimits(before: Schema, after: Schema, where: string): string[] {
  const raised = lowerLimits.filter((name) => limit(after, name, -1) > limit(before, name, -1))
  const lowered = upperLimits.filter((name) => limit(after, name, 1) < limit(before, name, 1))
  const others = (['pattern', 'format'] as const).filter(
    (name) => after[name] !== undefined && after[name] !== before[name],
  )
  return [...raised, ...lowered, ...others].map((name) => `${where}: ${name} is now ${after[name]}`)
}

const limit = (schema: Schema, name: string, sign: number) =>
  typeof schema[name] === 'number' ? schema[name] : sign * Number.POSITIVE_INFINITY
