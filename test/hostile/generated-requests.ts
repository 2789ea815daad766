/** Generates requests from an OpenAPI document, some valid and some with an invalid part. */
import fc from 'fast-check'
import { z } from 'zod'

const schemaSchema = z.looseObject({})
type Schema = z.infer<typeof schemaSchema>

const contentSchema = z.object({
  schema: schemaSchema,
  /** A valid body. */
  example: z.unknown().optional(),
})

const operationSchema = z.object({
  parameters: z
    .array(
      z.object({
        name: z.string(),
        in: z.enum(['path', 'query', 'header']),
        required: z.boolean().optional(),
        schema: schemaSchema,
      }),
    )
    .default([]),
  requestBody: z.object({ content: z.record(z.string(), contentSchema) }).optional(),
  responses: z.record(z.string(), z.object({ content: z.record(z.string(), z.unknown()).optional() })),
})

const documentSchema = z.object({
  paths: z.record(
    z.string(),
    z.record(z.enum(['get', 'post', 'put', 'patch', 'delete']), operationSchema.optional()),
  ),
  components: z.object({ schemas: z.record(z.string(), schemaSchema) }).optional(),
})
type Document = z.infer<typeof documentSchema>

export interface Operation extends z.infer<typeof operationSchema> {
  method: string
  path: string
}

export interface GeneratedRequest {
  operation: Operation
  /** By name; a number selects one of the existing objects. */
  path: Record<string, string | number>
  query: [name: string, value: string][]
  headers: Record<string, string>
  type?: string
  body?: string | Uint8Array
}

export function readOperations(document: unknown): {
  operations: Operation[]
  resolve: (schema: Schema) => Schema
} {
  const { paths, components } = documentSchema.parse(document)
  return {
    operations: Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item).flatMap(([method, operation]) =>
        operation === undefined ? [] : [{ ...operation, path, method: method.toUpperCase() }],
      ),
    ),
    resolve: (schema) => resolve(schema, components),
  }
}

function resolve(schema: Schema, components: Document['components']): Schema {
  if (typeof schema.$ref !== 'string') return schema
  const found = components?.schemas[schema.$ref.replace('#/components/schemas/', '')]
  if (found === undefined) throw new Error(`${schema.$ref} is not in the document`)
  return resolve(found, components)
}

/** Values that are invalid everywhere. */
const hostileValue: fc.Arbitrary<unknown> = fc.constantFrom<unknown>(
  null,
  true,
  '',
  '\0',
  '\ud800',
  '../../etc/passwd',
  "' OR 1=1 --",
  '0x10',
  '__proto__',
  'x'.repeat(5_000),
  0,
  -1,
  -0,
  1.5,
  5e-324,
  1e308,
  2 ** 53,
  [],
  [[[[]]]],
  {},
  { toString: 1 },
)

/** Generates values of a JSON Schema, with short lists and texts. */
function arbitraryValue(schema: Schema, resolve: (schema: Schema) => Schema): fc.Arbitrary<unknown> {
  const of = (inner: unknown) => arbitraryValue(schemaSchema.parse(inner), resolve)
  const { type, ...rest } = resolve(schema)
  const options = z.array(schemaSchema).safeParse(rest.anyOf ?? rest.oneOf)
  if (options.success) return fc.oneof(...options.data.map(of))
  if (Array.isArray(rest.enum)) return fc.constantFrom<unknown>(...rest.enum)
  if ('const' in rest) return fc.constant(rest.const)
  switch (type) {
    case 'string':
      return arbitraryText(rest)
    case 'integer':
      return arbitraryNumber(rest).map(Math.round)
    case 'number':
      return arbitraryNumber(rest)
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array':
      return fc.array(of(rest.items ?? {}), {
        minLength: Number(rest.minItems ?? 0),
        maxLength: Math.max(4, Number(rest.minItems ?? 0)),
      })
    case 'object':
      return arbitraryObject(rest, of)
    default:
      return fc.oneof(fc.string(), hostileValue)
  }
}

function arbitraryText(schema: Schema): fc.Arbitrary<string> {
  if (typeof schema.pattern === 'string') {
    const pattern = new RegExp(schema.pattern)
    // fast-check cannot generate from negative lookaheads.
    const wider = new RegExp(schema.pattern.replaceAll(/\(\?![^()]*\)/g, ''))
    return fc.stringMatching(wider).filter((text) => pattern.test(text))
  }
  if (schema.format === 'uri') return fc.webUrl()
  if (schema.format === 'date') {
    const days = { min: new Date('2000-01-01'), max: new Date('2030-12-31'), noInvalidDate: true }
    return fc.date(days).map((date) => date.toISOString().slice(0, 10))
  }
  if (schema.format === 'date-time') return fc.date({ noInvalidDate: true }).map((date) => date.toISOString())
  const maxLength = Math.min(30, Number(schema.maxLength ?? 30))
  return fc.string({ minLength: Number(schema.minLength ?? 0), maxLength, unit: 'grapheme' })
}

/** Prefers small numbers: large networks are always refused. */
function arbitraryNumber(schema: Schema): fc.Arbitrary<number> {
  const min = Number(schema.minimum ?? schema.exclusiveMinimum ?? -1_000)
  const max = Number(schema.maximum ?? schema.exclusiveMaximum ?? 1_000)
  const small = fc.double({ min, max: Math.min(max, Math.max(min, 0) + 8), noNaN: true })
  return fc.oneof(
    { weight: 9, arbitrary: small },
    { weight: 1, arbitrary: fc.double({ min, max, noNaN: true }) },
  )
}

function arbitraryObject(
  schema: Schema,
  of: (inner: unknown) => fc.Arbitrary<unknown>,
): fc.Arbitrary<object> {
  const properties = z.record(z.string(), schemaSchema).parse(schema.properties ?? {})
  const required = z.array(z.string()).parse(schema.required ?? [])
  const named = fc.record(
    Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, of(inner)])),
    { requiredKeys: required },
  )
  const others = schema.additionalProperties
  if (typeof others !== 'object' || others === null) return named
  const names = fc.string({ minLength: 1, maxLength: 8 }).filter((name) => name !== '__proto__')
  return fc.tuple(named, fc.dictionary(names, of(others), { maxKeys: 3 })).map(([a, b]) => ({ ...b, ...a }))
}

/** Replaces, removes or adds one place of the value. */
function broken(value: unknown, hostile: unknown, positions: number[]): unknown {
  const [index, ...deeper] = positions
  if (index === undefined || typeof value !== 'object' || value === null) return hostile
  if (Array.isArray(value)) {
    const at = index % (value.length + 1)
    return value.toSpliced(at, 1, broken(value[at], hostile, deeper))
  }
  const names = [...Object.keys(value), 'unknown']
  const name = names[index % names.length]
  const { [name]: inner, ...others } = { ...value } as Record<string, unknown>
  return index % 5 === 0 ? others : { ...others, [name]: broken(inner, hostile, deeper) }
}

const csv = fc
  .array(
    fc.array(
      fc.oneof(fc.integer().map(String), fc.constantFrom('a', 'b', '', '"', 'Inf', '=1+1', '\0', 'é')),
      { minLength: 2, maxLength: 3 },
    ),
    { maxLength: 12 },
  )
  .map((rows) => ['a,b', ...rows.map((row) => row.join(','))].join('\n'))

/** Prefers existing objects. */
const ids = fc.oneof(
  { weight: 8, arbitrary: fc.nat() },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'xor',
      'iris',
      'invalid-request',
      'nobody',
      '%00',
      '%2f..',
      '..',
      'x'.repeat(101),
      '%zz',
    ),
  },
  { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength: 20 }).map(encodeURIComponent) },
)

export function arbitraryRequest(
  operation: Operation,
  resolve: (schema: Schema) => Schema,
): fc.Arbitrary<GeneratedRequest> {
  const parameters = (place: 'path' | 'query' | 'header') =>
    operation.parameters.filter((each) => each.in === place)
  // Mostly absent, because generated combinations are rarely valid.
  const given = (place: 'query' | 'header') =>
    fc
      .tuple(
        ...parameters(place).map(({ name, schema, required }) =>
          rarely(
            arbitraryValue(schema, resolve).map((value) => [name, toText(value)] as const),
            required ? 1 : 8,
          ),
        ),
      )
      .map((all) => all.flatMap((each) => (each === undefined ? [] : [each])))
  const surplus = fc.oneof(
    fc.constantFrom<[string, string]>(['limit', '5'], ['x', '0,1'], ['points', '10'], ['x', '1,1,0']),
    fc.tuple(fc.constantFrom('limit', 'after', 'x', 'a', '__proto__'), hostileValue.map(toText)),
  )
  const query = fc
    .tuple(given('query'), rarely(surplus, 3))
    .map(([all, extra]): [string, string][] => [
      ...all.map(([name, value]): [string, string] => [name, value]),
      ...(extra === undefined ? [] : [extra]),
    ])
  // Node's client sends only visible ASCII in headers.
  const types = Object.keys(operation.responses['200']?.content ?? {})
  const accept = fc.constantFrom({}, ...types.map((type) => ({ accept: type })))
  const headers = fc.tuple(given('header'), accept).map(([all, accepted]) => ({
    ...Object.fromEntries(all.map(([name, value]) => [name, value.replaceAll(/[^\x20-\x7e]/g, '').trim()])),
    ...accepted,
  }))
  const path = fc.record(Object.fromEntries(parameters('path').map(({ name }) => [name, ids])))
  const [type, content] = Object.entries(operation.requestBody?.content ?? {})[0] ?? []
  return fc.record({
    operation: fc.constant(operation),
    path,
    query,
    headers,
    ...(content === undefined || type === undefined ? {} : arbitraryBody(type, content, resolve)),
  })
}

function toText(value: unknown): string {
  if (typeof value === 'string') return value.toWellFormed()
  return JSON.stringify(value) ?? ''
}

/** True once in `n` calls on average. */
function rarely<T>(values: fc.Arbitrary<T>, times: number): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: times - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: values })
}

function arbitraryBody(
  type: string,
  { schema, example }: z.infer<typeof contentSchema>,
  resolve: (schema: Schema) => Schema,
) {
  if (type !== 'application/json') {
    return {
      type: fc.constantFrom('text/csv', type),
      body: fc.oneof(
        { weight: 4, arbitrary: csv },
        { weight: 4, arbitrary: fc.constant('a,b\n1,2\n3,4\n5,6\n') },
        { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
      ),
    }
  }
  const made = arbitraryValue(schema, resolve)
  const valid = example === undefined ? made : fc.oneof(fc.constant(example), made)
  const mutated = fc
    .tuple(valid, hostileValue, fc.array(fc.nat(), { maxLength: 4 }))
    .map(([value, hostile, positions]) => broken(value, hostile, positions))
  const asText = (values: fc.Arbitrary<unknown>) => values.map((value) => JSON.stringify(value) ?? '')
  const cut = fc.tuple(asText(valid), fc.nat(400)).map(([text, length]) => text.slice(0, length))
  const bytes = fc.uint8Array({ maxLength: 100 })
  return {
    type: fc.oneof(
      { weight: 30, arbitrary: fc.constant(type) },
      { weight: 1, arbitrary: fc.constantFrom('text/plain', 'application/xml', 'x') },
    ),
    body: fc.oneof(
      { weight: 10, arbitrary: asText(valid) },
      { weight: 8, arbitrary: asText(mutated) },
      { weight: 1, arbitrary: cut },
      { weight: 1, arbitrary: bytes },
    ),
  }
}
