/** A tool: its description for the model, and the requests it sends. */
import type { CallToolResult, StandardSchemaWithJSON, ToolAnnotations } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { problemSchema } from '../contract/problems.js'
import type { Ask, ServiceAnswer, ServiceRequest } from './service.js'

export interface Call {
  ask: Ask
  signal: AbortSignal
}

export interface Tool {
  name: string
  title: string
  description: string
  input: StandardSchemaWithJSON
  annotations: ToolAnnotations
  run(input: unknown, call: Call): Promise<CallToolResult>
}

/** The id of an object, or the name of a built-in. The route checks it. */
export const idInput = z.string().min(1).max(200)

/** What a tool does with the data of the tenant. */
const effects = {
  reads: { readOnlyHint: true },
  creates: { readOnlyHint: false, destructiveHint: false },
  deletes: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
} as const satisfies Record<string, ToolAnnotations>

interface Definition<Input extends z.ZodType> {
  name: string
  title: string
  description: string
  effect: keyof typeof effects
  input: Input
  run(input: z.infer<Input>, call: Call): Promise<CallToolResult>
}

export function defineTool<Input extends z.ZodType & StandardSchemaWithJSON>({
  effect,
  run,
  ...definition
}: Definition<Input>): Tool {
  return {
    ...definition,
    input: convertedOnce(definition.input),
    annotations: { ...effects[effect], openWorldHint: false },
    run: (input, call) => run(definition.input.parse(input), call),
  }
}

type Requesting<Input extends z.ZodType> = Omit<Definition<Input>, 'run'> & {
  request(input: z.infer<Input>): ServiceRequest
}

/** A tool that sends one request, and returns its answer. */
export function requestTool<Input extends z.ZodType & StandardSchemaWithJSON>({
  request,
  ...definition
}: Requesting<Input>): Tool {
  return defineTool({
    ...definition,
    run: async (input, { ask, signal }) => toResult(await ask(request(input), signal)),
  })
}

export const isSuccess = ({ status }: ServiceAnswer) => status >= 200 && status < 300

/** Answers in JSON or text as text, and problems as errors that the model can correct. */
export function toResult(answer: ServiceAnswer): CallToolResult {
  if (!isSuccess(answer)) return { isError: true, content: [{ type: 'text', text: describeFailure(answer) }] }
  const text = answer.bytes.toString('utf8')
  return { content: [{ type: 'text', text: text === '' ? 'Done.' : text }] }
}

function describeFailure({ status, bytes }: ServiceAnswer): string {
  const text = bytes.toString('utf8')
  const problem = problemSchema.partial().safeParse(parsedOrNull(text))
  if (!problem.success || problem.data.detail === undefined) return `The service answered ${status}: ${text}`
  const { title, detail, code, errors = [] } = problem.data
  const places = errors.map(({ pointer, message }) => `- ${pointer}: ${message}`)
  return [`${title} (${code}): ${detail}`, ...places].join('\n')
}

function parsedOrNull(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** The same schema, whose JSON Schema is computed once for each dialect: every list of tools contains it. */
function convertedOnce(schema: StandardSchemaWithJSON): StandardSchemaWithJSON {
  const standard = schema['~standard']
  const known = new Map<string, Record<string, unknown>>()
  return {
    '~standard': {
      ...standard,
      jsonSchema: {
        ...standard.jsonSchema,
        input(options) {
          const converted = known.get(options.target) ?? standard.jsonSchema.input(options)
          known.set(options.target, converted)
          return converted
        },
      },
    },
  }
}
