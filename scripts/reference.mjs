// Reference lists of the documents, made from the code: each function gives the Markdown between two markers.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { built } from './built.mjs'

const width = 118
const { settingGroups } = await built('src/config.js')
const { limitNames, limitSettings } = await built('src/contract/limits.js')
const { problems } = await built('src/contract/problems.js')
const { scopeMeanings } = await built('src/contract/key.js')
const { auditActions } = await built('src/contract/audit.js')
const { activations, earlyStoppingSchema, layerSchema, losses, optimizerSchema, scheduleSchema } =
  await built('src/contract/network.js')
const { jobErrorMeanings } = await built('src/contract/job.js')
const { jobRequestSchema } = await built('src/contract/job-request.js')
const { jobEventMeanings, releaseMeanings } = await built('src/contract/job-event.js')
const { sweepLimitMeanings, sweepLimits } = await built('src/contract/sweep.js')
const { findings, severityMeanings } = await built('src/contract/diagnosis.js')
const { webhookEventMeanings } = await built('src/contract/webhook.js')
const { jobsStreamMessageSchema, streamMessageSchema } = await built('src/contract/stream.js')
const { generatedDatasetSchema } = await built('src/contract/dataset.js')
const { tools } = await built('src/mcp/tools.js')
const { openMetrics } = await built('src/http/plugins/metrics.js')
const { catalogue } = await built('examples/lecture/catalogue.js')
const openApi = JSON.parse(readFileSync(join(import.meta.dirname, '../dist/openapi.json'), 'utf8'))

/** One item of a list, wrapped; code spans are not divided. */
function item(text) {
  const lines = ['-']
  const words = text.match(/(?:`[^`]*`|\S)+/g) ?? []
  for (const word of words) {
    const last = lines.at(-1)
    if (last.length + 1 + word.length > width) lines.push(`  ${word}`)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines.join('\n')
}
const list = (texts) => texts.map(item).join('\n')
const code = (text) => `\`${text}\``
const sentence = (text) =>
  text === '' ? '' : `${text[0].toUpperCase()}${text.slice(1)}${/[.?!]$/.test(text) ? '' : '.'}`
const table = (head, rows) =>
  [head, ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .toSpliced(1, 0, `|${'---|'.repeat(head.length)}`)
    .join('\n')
const meanings = (record) => list(Object.entries(record).map(([name, text]) => `${code(name)}: ${text}.`))
const formulas = (name, record) =>
  table(
    [name, 'definition'],
    Object.entries(record).map(([each, { formula }]) => [code(each), formula.replaceAll('|', '\\|')]),
  )

const units = [
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
]
function amount(name, value) {
  if (typeof value !== 'number' || name === 'PORT') return code(value)
  const unit = name.endsWith('_BYTES') ? units.find(([, size]) => value % size === 0) : undefined
  if (unit !== undefined) return `${value / unit[1]} ${unit[0]}`
  return value >= 1e9 ? value.toExponential().replace('e+', 'e') : value.toLocaleString('en')
}

function describeDefault(name, schema) {
  const { defaultText } = schema.meta() ?? {}
  if (defaultText !== undefined) return defaultText
  const value = schema.safeParse(undefined).data
  if (value === undefined || value.length === 0) return 'not set'
  return amount(name, value)
}

const settings = () =>
  Object.entries(settingGroups)
    .map(([group, shape]) => {
      const items = Object.entries(shape).map(
        ([name, schema]) => `${code(name)} (${describeDefault(name, schema)}): ${schema.description}`,
      )
      return `### ${group}\n\n${list(items)}`
    })
    .join('\n\n')

const tenantLimits = () =>
  table(
    ['option', 'overrides'],
    limitNames.map((name) => [
      code(`--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`),
      code(limitSettings[name]),
    ]),
  )

const problemCodes = () =>
  list(
    Object.entries(problems)
      .toSorted(([, one], [, other]) => one.status - other.status)
      .map(([name, { status, title, remedy }]) => `${code(name)} (${status}): ${sentence(title)} ${remedy}`),
  )

const findingCodes = () =>
  list(Object.entries(findings).map(([name, { title, why }]) => `${code(name)}: ${sentence(title)} ${why}`))

/** Parameters of an object's schema: those that are required, those with a default, the others. */
function parameters({ properties, required = [] }) {
  return Object.entries(properties)
    .filter(([name]) => name !== 'type' && name !== 'name')
    .map(([name, schema]) => {
      if (schema.default !== undefined) return `${code(name)} = ${code(JSON.stringify(schema.default))}`
      return required.includes(name) ? code(name) : `${code(name)} (optional)`
    })
    .join(', ')
}

/** The variants of a union of objects, by the names that tell them apart. */
const variants = (union, tag) =>
  z.toJSONSchema(union, { io: 'input' }).oneOf.map((schema) => {
    const { const: one, enum: several = [one] } = schema.properties[tag]
    const rest = parameters(schema)
    return `${several.map(code).join(', ')}${rest === '' ? '' : `: ${rest}`}`
  })

/** Fields by their descriptions. */
function fields(schema) {
  const { properties, required = [] } = z.toJSONSchema(schema, { io: 'input' })
  return list(
    Object.entries(properties).map(([name, { description = '', default: value }]) => {
      const given =
        value === undefined || typeof value === 'object' ? '' : `, default ${code(JSON.stringify(value))}`
      return `${code(name)}${required.includes(name) ? ' (required)' : given}: ${sentence(description)}`
    }),
  )
}

const uploadParameters = () =>
  list(
    openApi.paths['/datasets'].post.parameters
      .filter((parameter) => parameter.in === 'query' && parameter.description !== undefined)
      .map(({ name, description }) => `${code(name)}: ${sentence(description)}`),
  )

/** Paths with the same first segment together, in the order of the first of them. */
function byTopic(paths) {
  const readTopic = ([path]) => path.split('/')[1]
  const topics = [...new Set(paths.map(readTopic))]
  return paths.toSorted((one, other) => {
    const distance = topics.indexOf(readTopic(one)) - topics.indexOf(readTopic(other))
    return distance || one[0].localeCompare(other[0])
  })
}

const routes = () =>
  table(
    ['request', 'what it does', 'scope'],
    byTopic(Object.entries(openApi.paths)).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, { summary, description = '' }]) => {
        const scope = /Needs the scope (`[^.]+`)\./.exec(description)?.[1].replaceAll('`', '')
        const access = scope ?? (description.includes('any scope') ? 'any' : 'none')
        return [code(`${method.toUpperCase()} ${path}`), summary, access]
      }),
    ),
  )

const streamMessages = () =>
  list(
    jobsStreamMessageSchema.options
      .map((option) => [option.shape.type.value, option.description])
      .concat(
        streamMessageSchema.options
          .filter((option) => option.shape.type.value === 'boundary')
          .map((option) => ['boundary', option.description]),
      )
      .map(([type, description]) => `${code(type)}: ${sentence(description)}`),
  )

/** Of this process and of all; those of Node.js that prom-client adds are left out. */
async function metricNames() {
  const unreachable = { read: () => Promise.reject(new Error('not needed')) }
  const text = await openMetrics().render(unreachable, 0)
  const helps = [...text.matchAll(/^# HELP (\S+) (.*)$/gm)]
    .filter(([, name]) => !/^descent_(process|nodejs)_/.test(name))
    .map(([, name, help]) => `${code(name)}: ${sentence(help)}`)
  return list(helps.toSorted())
}

function imports() {
  const rules = JSON.parse(
    readFileSync(join(import.meta.dirname, '../test/architecture/import-rules.json'), 'utf8'),
  )
  return list(
    rules.map(({ files, imports }) => {
      const permitted = imports.length === 0 ? 'nothing' : imports.map(code).join(', ')
      return `${files.map(code).join(', ')} may import ${permitted}.`
    }),
  )
}

const lecture = () =>
  list(
    Object.entries(catalogue).map(([id, { claim, controls, assertion, reference }]) => {
      const names = Object.keys(controls).map(code)
      const note = names.length === 0 ? '' : ` Controls: ${names.join(', ')}.`
      return `${code(id)}: ${claim}${note} Asserted: ${assertion} [${reference.text}](${reference.url}).`
    }),
  )

const scopes = () =>
  table(
    ['scope', 'allows'],
    Object.entries(scopeMeanings).map(([scope, meaning]) => [code(scope), meaning]),
  )

/** By the name in the markers. */
const sweepLimitList = () =>
  list(
    Object.entries(sweepLimitMeanings).map(
      ([name, meaning]) =>
        `${sentence(meaning).replace(/\.$/, '')}: ${sweepLimits[name].toLocaleString('en')}.`,
    ),
  )

export const references = {
  settings,
  'tenant-limits': tenantLimits,
  problems: problemCodes,
  scopes,
  'audit-actions': () => meanings(auditActions),
  layers: () => list(variants(layerSchema, 'type')),
  activations: () => formulas('activation', activations),
  losses: () => formulas('loss', losses),
  optimizers: () => list(variants(optimizerSchema, 'type')),
  schedules: () => list(variants(scheduleSchema, 'type')),
  'early-stopping': () => fields(earlyStoppingSchema),
  'job-fields': () => fields(jobRequestSchema),
  'job-errors': () => meanings(jobErrorMeanings),
  'job-events': () => meanings(jobEventMeanings),
  'release-reasons': () => meanings(releaseMeanings),
  severities: () => meanings(severityMeanings),
  findings: findingCodes,
  'webhook-events': () => meanings(webhookEventMeanings),
  'upload-parameters': uploadParameters,
  'generated-datasets': () => list(variants(generatedDatasetSchema, 'name')),
  routes,
  'sweep-limits': sweepLimitList,
  'stream-messages': streamMessages,
  metrics: metricNames,
  imports,
  'mcp-tools': () => list(tools.map(({ name, description }) => `${code(name)}: ${description}`)),
  demonstrations: lecture,
}
