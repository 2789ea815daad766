/** What of a value a schema knows: answers are cut to it, so that nothing leaves the service by accident. */
import { z } from 'zod'

type Schema = z.core.$ZodType

/** Gives the value without the fields that its schema does not know: the very same value where it has none. */
export type Projection = (value: unknown) => unknown

/**
 * The projection onto a schema; null where there is nothing to drop, as in texts and numbers.
 * @throws Error at a kind of schema whose fields are not known before there is a value
 */
export function projectionOf(schema: Schema): Projection | null {
  if (schema instanceof z.core.$ZodObject) return ofObject(schema)
  if (schema instanceof z.core.$ZodArray) return eachOf(schema._zod.def.element)
  if (schema instanceof z.core.$ZodRecord) return ofRecord(schema._zod.def.valueType)
  if (schema instanceof z.core.$ZodDiscriminatedUnion) return ofKinds(schema)
  if (schema instanceof z.core.$ZodUnion) return ofUnion(schema)
  if (schema instanceof z.core.$ZodPipe) return projectionOf(schema._zod.def.out)
  if (schema instanceof z.core.$ZodTuple && isOfLeaves(schema)) return null
  const { def } = schema._zod
  if ('innerType' in def && def.innerType instanceof z.core.$ZodType) return projectionOf(def.innerType)
  if (leaves.has(def.type)) return null
  throw new Error(`Answers cannot be cut to a schema of type ${def.type}`)
}

/** An object of any fields is `unknown`. */
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

const isOfLeaves = ({ _zod: { def } }: z.core.$ZodTuple) =>
  [...def.items, ...(def.rest === null ? [] : [def.rest])].every((item) => projectionOf(item) === null)

function ofObject({ _zod: { def } }: z.core.$ZodObject): Projection {
  const fields = Object.entries(def.shape).map(([name, member]) => [name, projectionOf(member)] as const)
  const projections = new Map(fields)
  return (value) => {
    if (!isObject(value)) return value
    const names = Object.keys(value)
    const isWhole = names.every((name) => {
      const project = projections.get(name)
      return project === null || (project !== undefined && project(value[name]) === value[name])
    })
    if (isWhole) return value
    const known = names.flatMap((name) => {
      const project = projections.get(name)
      return project === undefined ? [] : [[name, project === null ? value[name] : project(value[name])]]
    })
    return Object.fromEntries(known)
  }
}

function eachOf(element: Schema): Projection | null {
  const project = projectionOf(element)
  if (project === null) return null
  return (value) => {
    if (!Array.isArray(value)) return value
    return value.every((each) => project(each) === each) ? value : value.map(project)
  }
}

function ofRecord(valueType: Schema): Projection | null {
  const project = projectionOf(valueType)
  if (project === null) return null
  return (value) => {
    if (!isObject(value)) return value
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, project(each)]))
  }
}

function ofKinds({ _zod: { def } }: z.core.$ZodDiscriminatedUnion): Projection {
  const projections = new Map(
    def.options.flatMap((option) => {
      const kinds = option._zod.propValues?.[def.discriminator] ?? []
      return [...kinds].map((kind): [unknown, Projection | null] => [kind, projectionOf(option)])
    }),
  )
  return (value) => {
    if (!isObject(value)) return value
    const project = projections.get(value[def.discriminator]) ?? null
    return project === null ? value : project(value)
  }
}

/** Of texts, numbers, lists, and objects of one kind. */
function ofUnion({ _zod: { def } }: z.core.$ZodUnion): Projection | null {
  const [project, ...others] = def.options.map(projectionOf).filter((each) => each !== null)
  if (others.length > 0)
    throw new Error('Answers cannot be cut to a union of objects without a discriminator')
  return project ?? null
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
