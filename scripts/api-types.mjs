// Writes the types of the API, sdk/src/generated/api.ts, from the OpenAPI document of the built service.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import openapiTypes from 'openapi-typescript'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const document = JSON.parse(readFileSync(join(root, 'dist/openapi.json'), 'utf8'))
// This version of openapi-typescript would intersect unions with the name of their parent.
for (const schema of Object.values(document.components.schemas)) delete schema.discriminator
describeRanges(document)
const text = withNames(withSentences(await openapiTypes(document, { transform: withExamples })))

const target = join(root, 'sdk/src/generated/api.ts')
mkdirSync(dirname(target), { recursive: true })
writeFileSync(target, text)

/** Lets editors complete the examples of a text, which may be any other. */
function withExamples({ type, examples }) {
  if (type !== 'string' || examples === undefined) return undefined
  return [...examples.map((each) => JSON.stringify(each)), '(string & Record<never, never>)'].join(' | ')
}

/** Adds the limits of numbers to their descriptions, which are all that an editor shows. */
function describeRanges(value) {
  if (value === null || typeof value !== 'object') return
  for (const each of Object.values(value)) describeRanges(each)
  const range = value.type === 'number' || value.type === 'integer' ? rangeOf(value) : undefined
  if (range === undefined) return
  value.description = value.description === undefined ? range : `${sentence(value.description)} ${range}`
}

function rangeOf({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }) {
  const isLimit = (number) => number !== undefined && Math.abs(number) < Number.MAX_SAFE_INTEGER
  const least = isLimit(exclusiveMinimum)
    ? `above ${exclusiveMinimum}`
    : isLimit(minimum) && `at least ${minimum}`
  const most = isLimit(exclusiveMaximum)
    ? `below ${exclusiveMaximum}`
    : isLimit(maximum) && `at most ${maximum}`
  const limits = [least, most].filter(Boolean)
  return limits.length === 0 ? undefined : sentence(limits.join(' and '))
}

/** The descriptions as sentences, without the tags that repeat the type. */
function withSentences(types) {
  return types
    .replaceAll(/^( *)\/\*\* @(?:constant|enum [^\n]*?) \*\/\n/gm, '')
    .replaceAll(/^ *\* @(?:constant|enum .*)\n/gm, '')
    .replaceAll(/@description (.*?)( \*\/)?$/gm, (_, description, end = '') => sentence(description) + end)
    .replaceAll('Format: date-time', 'Time in ISO 8601, UTC.')
}

function sentence(text) {
  const begun = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.!?]$/.test(begun) ? begun : `${begun}.`
}

/** Makes each schema a named type, because messages and hovers show the name instead of the fields. */
function withNames(types) {
  const lines = types.split('\n')
  const begin = lines.indexOf('  schemas: {')
  const end = lines.indexOf('  };', begin)
  const names = []
  const declarations = lines.slice(begin + 1, end).map((line) => {
    const [, name, type] = /^ {4}(\w+): (.*)/.exec(line) ?? []
    if (name === undefined) return line.slice(4)
    names.push(name)
    return `export type ${name} = ${type}`
  })
  return [
    ...lines.slice(0, begin + 1),
    ...names.map((name) => `    ${name}: ${name};`),
    ...lines.slice(end),
    ...declarations,
  ]
    .join('\n')
    .replaceAll(/components\["schemas"\]\["(\w+)"\]/g, '$1')
}
