/** Restricts responses to the fields of their schemas, so that no other field leaves the service by accident. */
import { z } from 'zod'

type Schema = z.core.$ZodType

/** Returns the value without fields that are not in its schema. Returns the same object if it has no such field. */
type Projection = (value: unknown) => unknown

/**
 * Compiles the projection for a schema. Returns null if values have no fields, such as texts and numbers.
 * @throws Error for a type of schema that does not list its fields
 */
export function compileProjection(schema: Schema): Projection | null {
  if (schema instanceof z.core.$ZodObject) return projectObject(schema)
  if (schema instanceof z.core.$ZodArray) return projectArray(schema._zod.def.element)
  if (schema instanceof z.core.$ZodRecord) return projectRecord(schema._zod.def.valueType)
  if (schema instanceof z.core.$ZodDiscriminatedUnion) return projectDiscriminatedUnion(schema)
  if (schema instanceof z.core.$ZodUnion) return projectUnion(schema)
  if (schema instanceof z.core.$ZodPipe) return compileProjection(schema._zod.def.out)
  if (schema instanceof z.core.$ZodTuple && hasOnlyLeaves(schema)) return null
  const { def } = schema._zod
  if ('innerType' in def && def.innerType instanceof z.core.$ZodType) return compileProjection(def.innerType)
  if (leaves.has(def.type)) return null
  throw new Error(`Responses cannot be restricted to a schema of type ${def.type}`)
}

/** `unknown` also stands for objects with any fields. */
const leaves: ReadonlySet<string> = new Set([
  'string',
  'number',
  'int',
  'boolean',
  'null',
  'literal',
  'enum',
  'unknown',
])

const hasOnlyLeaves = ({ _zod: { def } }: z.core.$ZodTuple) =>
  [...def.items, ...(def.rest === null ? [] : [def.rest])].every((item) => compileProjection(item) === null)

function projectObject({ _zod: { def } }: z.core.$ZodObject): Projection {
  const fields = Object.entries(def.shape).map(([name, member]) => [name, compileProjection(member)] as const)
  const projections = new Map(fields)

  /** Whether no field is left out. A loop, because each answer calls this. */
  function isWhole(value: Record<string, unknown>, names: readonly string[]): boolean {
    for (const name of names) {
      const project = projections.get(name)
      if (project === undefined || (project !== null && project(value[name]) !== value[name])) return false
    }
    return true
  }

  return (value) => {
    if (!isObject(value)) return value
    const names = Object.keys(value)
    if (isWhole(value, names)) return value
    const entries = names.flatMap((name) => {
      const project = projections.get(name)
      return project === undefined ? [] : [[name, project === null ? value[name] : project(value[name])]]
    })
    return Object.fromEntries(entries)
  }
}

function projectArray(element: Schema): Projection | null {
  const project = compileProjection(element)
  if (project === null) return null
  return (value) => {
    if (!Array.isArray(value)) return value
    return value.every((each) => project(each) === each) ? value : value.map(project)
  }
}

function projectRecord(valueType: Schema): Projection | null {
  const project = compileProjection(valueType)
  if (project === null) return null
  return (value) => {
    if (!isObject(value)) return value
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, project(each)]))
  }
}

function projectDiscriminatedUnion({ _zod: { def } }: z.core.$ZodDiscriminatedUnion): Projection {
  const projections = new Map(
    def.options.flatMap((option) => {
      const kinds = option._zod.propValues?.[def.discriminator] ?? []
      return [...kinds].map((kind): [unknown, Projection | null] => [kind, compileProjection(option)])
    }),
  )
  return (value) => {
    if (!isObject(value)) return value
    const project = projections.get(value[def.discriminator]) ?? null
    return project === null ? value : project(value)
  }
}

/** Supports unions of texts, numbers, lists, and at most one schema with fields. */
function projectUnion({ _zod: { def } }: z.core.$ZodUnion): Projection | null {
  const [project, ...others] = def.options.map(compileProjection).filter((each) => each !== null)
  if (others.length > 0)
    throw new Error('Responses cannot be restricted to a union of objects without a discriminator')
  return project ?? null
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
