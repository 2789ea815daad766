/** Corrects the JSON schemas that Zod makes. */
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'

type Schema = z.core.$ZodType
export type JsonSchema = z.core.JSONSchema.BaseSchema

/** Whether a schema describes what clients send, before defaults, or what they receive. */
export type Direction = 'input' | 'output'

export function correctSchema(schema: Schema, json: JsonSchema, direction: Direction): void {
  omitNoise(schema, json)
  if (direction === 'input') describeParameter(schema, json)
  if (schema instanceof z.core.$ZodDiscriminatedUnion) addDiscriminator(schema, json)
}

/** Responses may gain fields. All integers have the limits of JavaScript, and `format` names the pattern of times and dates. */
function omitNoise(schema: Schema, json: JsonSchema): void {
  const isOpen = schema instanceof z.core.$ZodObject && schema._zod.def.catchall === undefined
  if (isOpen) delete json.additionalProperties
  if (json.minimum === Number.MIN_SAFE_INTEGER) delete json.minimum
  if (json.maximum === Number.MAX_SAFE_INTEGER) delete json.maximum
  if (json.format === 'date-time' || json.format === 'date') delete json.pattern
}

/** Parameters arrive as texts. The document has the types of their values. */
function describeParameter(schema: Schema, json: JsonSchema): void {
  if (isDeepStrictEqual(json.enum, ['true', 'false'])) {
    delete json.enum
    json.type = 'boolean'
  }
  if (schema instanceof z.core.$ZodPipe && schema._zod.def.out instanceof z.core.$ZodNumber) {
    delete json.pattern
    const { type, minimum, maximum } = z.toJSONSchema(schema._zod.def.out)
    Object.assign(json, { type, minimum, maximum })
    omitNoise(schema, json)
  }
}

/** @throws Error if an option has no name, which the mapping needs */
function addDiscriminator({ _zod: { def } }: z.core.$ZodDiscriminatedUnion, json: JsonSchema): void {
  const { oneOf } = json
  // With another description, the union is a reference.
  if (oneOf === undefined) return
  const pairs = def.options.flatMap((option, index) => {
    const reference = oneOf[index]?.$ref
    const values = [...(option._zod.propValues?.[def.discriminator] ?? [])].map(String)
    if (reference === undefined)
      throw new Error(`The option ${values} has no name in contract/schema-names.ts`)
    return values.map((value) => [value, reference])
  })
  json.discriminator = { propertyName: def.discriminator, mapping: Object.fromEntries(pairs) }
}
