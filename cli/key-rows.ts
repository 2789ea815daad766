/** Reads keys to create from the options of a command, or from a CSV or JSON file. */
import type { Schemas } from '../sdk/src/index.js'
import { UsageError } from './errors.js'

export type KeyRow = Schemas['KeyRequest']

interface KeyTexts {
  tenant: string
  /** Separated by commas or spaces. */
  scopes: string
  name?: string | undefined
  models?: string | undefined
  expires?: string | undefined
}

const columns = ['tenant', 'scopes', 'name', 'models', 'expires'] as const
const millisecondsPerDay = 86_400_000

const words = (text: string) => text.split(/[\s,;]+/).filter(Boolean)

/** The service refuses unknown scopes, each key separately. */
export function readScopes({ tenant, scopes, name, models, expires }: KeyTexts): KeyRow {
  return {
    tenantId: tenant,
    scopes: words(scopes) as KeyRow['scopes'],
    name: name === undefined || name === '' ? null : name,
    models: words(models ?? ''),
    expiresAt: readExpiry(expires ?? ''),
  }
}

/** A time, or days from now such as `90d`. The service refuses other texts. */
function readExpiry(text: string): string | null {
  if (text === '' || text === 'never') return null
  const days = /^(\d{1,6})d$/.exec(text)?.[1]
  return days === undefined ? text : new Date(Date.now() + Number(days) * millisecondsPerDay).toISOString()
}

/** @throws UsageError if the file is neither a JSON array nor a CSV with a line of column names */
export function readKeyRows(text: string): KeyRow[] {
  return text.trimStart().startsWith('[') ? readJson(text) : readCsv(text)
}

function readJson(text: string): KeyRow[] {
  try {
    const rows: unknown = JSON.parse(text)
    if (Array.isArray(rows)) return rows
  } catch (error) {
    throw new UsageError(`The file is not valid JSON: ${error instanceof Error ? error.message : error}`)
  }
  throw new UsageError('The file must be a JSON array of keys.')
}

function readCsv(text: string): KeyRow[] {
  const [heads = [], ...lines] = cellsOf(text)
  const unknown = heads.find((head) => !columns.some((column) => column === head))
  if (unknown !== undefined || !heads.includes('tenant') || !heads.includes('scopes')) {
    const found = heads.join(', ')
    throw new UsageError(
      `The first line must name the columns tenant and scopes, of ${columns.join(', ')}: ${found}`,
    )
  }
  return lines.map((cells) => {
    const values = Object.fromEntries(heads.map((head, index) => [head, cells[index] ?? '']))
    return readScopes({ ...values, tenant: values.tenant ?? '', scopes: values.scopes ?? '' })
  })
}

/** Lines of cells as in RFC 4180. A quoted cell may have commas, quotes and line breaks. */
function cellsOf(text: string): string[][] {
  const lines: string[][] = [[]]
  for (const [, quoted, plain, end] of text
    .replace(/^\uFEFF/, '')
    .matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    lines.at(-1)?.push((quoted?.replaceAll('""', '"') ?? plain ?? '').trim())
    if (end !== ',' && end !== '') lines.push([])
    if (end === '') break
  }
  return lines.filter((cells) => cells.some((cell) => cell !== ''))
}
