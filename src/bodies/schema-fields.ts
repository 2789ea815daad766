import { z } from 'zod'

type Schema = z.core.$ZodType

/**
 * Returns the fields that a schema knows at a place of the request. Of a union, only branches whose fixed fields equal
 * those of the request count.
 */
export function fieldsAt(schema: Schema, path: readonly PropertyKey[], data: unknown): string[] {
  let schemas = alternatives(schema)
  let value = data
  for (const key of path) {
    const matching = schemas.filter((candidate) => fits(candidate, value))
    schemas = matching.flatMap((candidate) => memberSchemas(candidate, key)).flatMap(alternatives)
    value = property(value, key)
  }
  const objects = schemas.filter((candidate) => candidate instanceof z.core.$ZodObject)
  const fields = objects
    .filter((candidate) => fits(candidate, value))
    .flatMap(({ _zod }) => Object.keys(_zod.def.shape))
  return [...new Set(fields)]
}

/** Returns the fields at that place that are objects with a field of this name. */
export function findParents(
  field: string,
  schema: Schema,
  path: readonly PropertyKey[],
  data: unknown,
): string[] {
  return fieldsAt(schema, path, data).filter((parent) =>
    fieldsAt(schema, [...path, parent], data).includes(field),
  )
}

/** Returns the schema without wrappers, or the branches of a union. */
function alternatives(schema: Schema): Schema[] {
  if (schema instanceof z.core.$ZodUnion) return schema._zod.def.options.flatMap(alternatives)
  if (schema instanceof z.core.$ZodPipe) return alternatives(schema._zod.def.in)
  const { def } = schema._zod
  return 'innerType' in def && def.innerType instanceof z.core.$ZodType
    ? alternatives(def.innerType)
    : [schema]
}

function memberSchemas(schema: Schema, key: PropertyKey): Schema[] {
  if (schema instanceof z.core.$ZodArray) return [schema._zod.def.element]
  if (schema instanceof z.core.$ZodRecord) return [schema._zod.def.valueType]
  if (schema instanceof z.core.$ZodTuple) return [...schema._zod.def.items]
  if (!(schema instanceof z.core.$ZodObject)) return []
  const member: Schema | undefined = Object.entries(schema._zod.def.shape).find(([name]) => name === key)?.[1]
  return member === undefined ? [] : [member]
}

/** Whether the fixed fields of the schema have allowed values. Absent fields count as allowed. */
function fits(schema: Schema, value: unknown): boolean {
  if (!(schema instanceof z.core.$ZodObject)) return true
  return Object.entries(schema._zod.def.shape).every(([name, member]) => {
    const isFixed = member instanceof z.core.$ZodLiteral || member instanceof z.core.$ZodEnum
    const given = property(value, name)
    return !isFixed || given === undefined || z.safeParse(member, given).success
  })
}

function property(value: unknown, key: PropertyKey): unknown {
  return typeof value === 'object' && value !== null
    ? Object.getOwnPropertyDescriptor(value, key)?.value
    : undefined
}
