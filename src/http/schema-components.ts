/** Converts Zod schemas to those of an OpenAPI document, where named ones are references to its components. */
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { schemaNames } from '../contract/schema-names.js'
import { correctSchema, type Direction, type JsonSchema } from './schema-overrides.js'

type Schema = z.core.$ZodType

/** References to components that clients send begin with this mark, until `addTo` decides their names. */
const inputMark = 'input:'
const prefix = '#/components/schemas/'
/** The key of references until `addTo`: Fastify removes the descriptions and examples beside `$ref`. */
const hiddenKey = 'x-ref'

/** Descriptions and examples as declared, and the names. */
class NamedSchemas extends z.core.$ZodRegistry<z.core.GlobalMeta, Schema> {
  override get(schema: Schema) {
    const id = schemaNames.get(schema) ?? listName(schema)
    const declared = z.globalRegistry.get(schema)
    return id === undefined ? declared : { ...declared, id }
  }
}
const metadata = new NamedSchemas()

/** A list of jobs is a `JobList`. */
function listName(schema: Schema): string | undefined {
  if (!(schema instanceof z.core.$ZodObject)) return undefined
  const { object, data } = schema._zod.def.shape
  if (!(data instanceof z.core.$ZodArray) || object?._zod.values?.has('list') !== true) return undefined
  const item = schemaNames.get(data._zod.def.element)
  return item === undefined ? undefined : `${item}List`
}

export class SchemaComponents {
  readonly #found = { input: new Map<string, JsonSchema>(), output: new Map<string, JsonSchema>() }

  /** Converts a schema, and collects the named schemas within it. */
  convert(schema: Schema, direction: Direction): JsonSchema {
    const { properties = {}, $defs = {} } = z.toJSONSchema(z.object({ schema }), {
      io: direction,
      metadata,
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => correctSchema(zodSchema, jsonSchema, direction),
    })
    const mark = direction === 'input' ? inputMark : ''
    const hide = <T>(json: T) =>
      mapReferences(json, (reference) => reference.replace('#/$defs/', prefix + mark), ['$ref', hiddenKey])
    for (const [name, json] of Object.entries($defs)) {
      const component = hide(json)
      const earlier = this.#found[direction].get(name) ?? component
      if (!isDeepStrictEqual(earlier, component)) throw new Error(`Two schemas have the name ${name}`)
      this.#found[direction].set(name, component)
    }
    return hide(Object(properties.schema))
  }

  /**
   * Adds the components to a document with references to them. A schema that clients send and receive alike is one
   * component. If both differ, for example by fields with defaults, the name of the sent one ends with `Input`.
   */
  addTo<T extends { components?: object }>(document: T): T {
    const { input, output } = this.#found
    const alike = findAlike(input, output)
    const rename = (reference: string) => {
      const name = reference.slice(prefix.length + inputMark.length)
      if (!reference.startsWith(prefix + inputMark)) return reference
      return `${prefix}${name}${output.has(name) && !alike.has(name) ? 'Input' : ''}`
    }
    const sent = [...input].map(([name, json]) => [rename(`${prefix}${inputMark}${name}`), json] as const)
    const received = [...output].map(([name, json]) => [prefix + name, json] as const)
    const all = [...sent, ...received].map(
      ([reference, json]) => [reference.slice(prefix.length), json] as const,
    )
    const schemas = new Map(all)
    if (schemas.size !== all.length - alike.size) throw new Error('Two components have the same name')
    const sorted = [...schemas].toSorted(([one], [other]) => (one < other ? -1 : 1))
    const components = { ...document.components, schemas: Object.fromEntries(sorted) }
    return mapReferences({ ...document, components }, rename, [hiddenKey, '$ref'])
  }
}

/** The names whose schemas are equal in both directions, if those that they refer to are. */
function findAlike(
  input: ReadonlyMap<string, JsonSchema>,
  output: ReadonlyMap<string, JsonSchema>,
): Set<string> {
  const alike = new Set([...input.keys()].filter((name) => output.has(name)))
  const rename = (reference: string) => {
    const name = reference.slice(prefix.length + inputMark.length)
    return alike.has(name) ? prefix + name : reference
  }
  for (let count = -1; count !== alike.size; ) {
    count = alike.size
    for (const name of alike) {
      if (!isDeepStrictEqual(mapReferences(input.get(name), rename), output.get(name))) alike.delete(name)
    }
  }
  return alike
}

/** A copy of the JSON in which each reference to a schema is another, and has another key. */
function mapReferences<T>(
  json: T,
  map: (reference: string) => string,
  [from, to] = [hiddenKey, hiddenKey],
): T {
  return JSON.parse(JSON.stringify(json), (_key, value) => {
    if (typeof value === 'string') return value.startsWith('#/') ? map(value) : value
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, from)) return value
    const { [from]: reference, ...others } = value
    return { [to]: reference, ...others }
  })
}
