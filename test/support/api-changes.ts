/** Compares two versions of the OpenAPI document, and finds the changes that break clients. */
import { z } from 'zod'
import { compareSchemas, type Direction, type Schema } from './schema-changes.js'

const schema = z.looseObject({})
const content = z.record(z.string(), z.object({ schema }))

const operationSchema = z.object({
  operationId: z.string(),
  security: z.array(z.unknown()).optional(),
  parameters: z
    .array(z.object({ name: z.string(), in: z.string(), required: z.boolean().default(false), schema }))
    .default([]),
  requestBody: z.object({ required: z.boolean().default(false), content }).optional(),
  responses: z.record(z.string(), z.object({ content: content.default({}) })),
})
type Operation = z.infer<typeof operationSchema>

const operations = z.record(z.string(), z.record(z.string(), operationSchema))
const documentSchema = z.object({
  info: z.object({ version: z.string() }),
  paths: operations,
  webhooks: operations,
  components: z.object({ schemas: z.record(z.string(), schema) }),
})

/** Whether clients must expect that a version breaks them: the major one is raised, or below 1.0 the minor one. */
export function mayBreak(before: string, after: string): boolean {
  const [old, current] = [before, after].map((version) => version.split('.').map(Number))
  return current[0] > old[0] || (old[0] === 0 && current[0] === 0 && current[1] > old[1])
}

/** @returns a sentence for each breaking change between two documents */
export function findBreakingChanges(earlier: unknown, later: unknown): string[] {
  const [before, after] = [documentSchema.parse(earlier), documentSchema.parse(later)]
  const [old, current] = [before.components.schemas, after.components.schemas]
  const compare = (direction: Direction) => {
    const seen = new Set<string>()
    return (one: Schema, other: Schema, where: string) =>
      compareSchemas(one, other, where, { before: old, after: current, direction, seen })
  }
  const comparisons = { sent: compare('sent'), received: compare('received') }
  const removed = Object.keys(old).filter((name) => !Object.hasOwn(current, name))
  return [
    ...removed.map((name) => `components: the schema ${name} was removed`),
    ...eachOperation(before.paths, after.paths, (...pair) => compareOperations(...pair, comparisons)),
    // The service sends the bodies of webhooks.
    ...eachOperation(before.webhooks, after.webhooks, (...pair) =>
      compareOperations(...pair, { sent: comparisons.received, received: comparisons.sent }),
    ),
  ]
}

function eachOperation(
  before: z.infer<typeof operations>,
  after: z.infer<typeof operations>,
  compare: (before: Operation, after: Operation, name: string) => string[],
): string[] {
  return Object.entries(before).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) => {
      const name = `${method.toUpperCase()} ${path}`
      const present = after[path]?.[method]
      return present === undefined ? [`${name}: was removed`] : compare(operation, present, name)
    }),
  )
}

type Compare = (before: Schema, after: Schema, where: string) => string[]
interface Comparisons {
  sent: Compare
  received: Compare
}

function compareOperations(
  before: Operation,
  after: Operation,
  name: string,
  compare: Comparisons,
): string[] {
  const renamed = before.operationId !== after.operationId
  const needsKey = before.security?.length === 0 && after.security?.length !== 0
  return [
    ...(renamed ? [`${name}: operationId is now ${after.operationId}, not ${before.operationId}`] : []),
    ...(needsKey ? [`${name}: a key is now required`] : []),
    ...compareParameters(before, after, name, compare.sent),
    ...compareBodies(before, after, name, compare.sent),
    ...compareResponses(before, after, name, compare.received),
  ]
}

function compareParameters(before: Operation, after: Operation, name: string, compare: Compare): string[] {
  const same = (one: Operation['parameters'][number]) => (other: Operation['parameters'][number]) =>
    one.name === other.name && one.in === other.in
  const changed = before.parameters.flatMap((old) => {
    const present = after.parameters.find(same(old))
    const where = `${name} ${old.in} ${old.name}`
    if (present === undefined) return [`${where}: was removed`]
    const required = present.required && !old.required ? [`${where}: is now required`] : []
    return [...required, ...compare(old.schema, present.schema, where)]
  })
  const added = after.parameters.filter((each) => each.required && !before.parameters.some(same(each)))
  return [...changed, ...added.map((each) => `${name} ${each.in} ${each.name}: is new and required`)]
}

function compareBodies(before: Operation, after: Operation, name: string, compare: Compare): string[] {
  const required = (after.requestBody?.required ?? false) && !(before.requestBody?.required ?? false)
  return [
    ...(required ? [`${name} body: is now required`] : []),
    ...compareContents(before.requestBody?.content, after.requestBody?.content, `${name} body`, compare),
  ]
}

function compareResponses(before: Operation, after: Operation, name: string, compare: Compare): string[] {
  return Object.entries(before.responses).flatMap(([status, response]) => {
    const present = after.responses[status]
    const where = `${name} ${status}`
    return present === undefined
      ? [`${where}: was removed`]
      : compareContents(response.content, present.content, where, compare)
  })
}

type Contents = z.infer<typeof content>

function compareContents(
  before: Contents = {},
  after: Contents = {},
  where: string,
  compare: Compare,
): string[] {
  return Object.entries(before).flatMap(([type, media]) => {
    const present = after[type]
    return present === undefined
      ? [`${where}: ${type} was removed`]
      : compare(media.schema, present.schema, where)
  })
}
