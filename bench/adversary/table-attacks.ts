/** Datasets with the longest texts and the most columns, and models of such columns. */
import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import type { HttpRequest } from '../http-client.js'
import { type Attack, cancelAll, get, lanesPerAttack, post, repeated } from './attack.js'
import type { AttackFixtures } from './fixtures.js'

const rows = 200
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index)

/** Categories of as many characters as all columns may have together. */
function longTexts(): Buffer {
  const columns = upTo(16)
  // Random, because an upload may not unpack to much more than it has.
  const texts = upTo(6).map(() => randomBytes(7_497).toString('base64'))
  const lines = upTo(rows).map((row) => [...columns.map(() => texts[row % texts.length]), row].join())
  return Buffer.from([[...columns.map((n) => `text${n}`), 'y'].join(), ...lines].join('\n'))
}

/** Ten thousand columns. */
export function wideTable(): Buffer {
  const columns = upTo(10_000)
  const lines = upTo(rows).map((row) => columns.map((n) => (row * n) % 97).join())
  return Buffer.from([columns.map((n) => `column${n}`).join(), ...lines].join('\n'))
}

/** Reads, previews, trains on and evaluates with a dataset. */
const useDataset =
  (createTable: () => Buffer): Attack['prepare'] =>
  async (fixtures) => {
    const body = gzipSync(createTable())
    const upload = (path: string): HttpRequest => ({ method: 'POST', path, type: 'application/gzip', body })
    const id = await uploaded(fixtures, upload('/datasets'))
    const { round } = await repeated(() => [
      get(`/datasets/${id}/rows?limit=1000`),
      get(`/datasets/${id}`),
      get('/datasets?limit=100'),
      post('/jobs', { dataset: id }),
      post('/jobs/validate', { dataset: id }),
      get('/jobs?limit=100'),
      get('/models?limit=100'),
      upload('/datasets/preview'),
      upload('/datasets'),
    ])(fixtures)
    return { round, end: () => cancelAll(fixtures) }
  }

async function uploaded({ client }: AttackFixtures, upload: HttpRequest): Promise<string> {
  const { id } = Object(await client.sendOk(upload))
  return String(id)
}

const routes = [
  'POST /datasets',
  'POST /datasets/preview',
  'GET /datasets',
  'GET /datasets/{id}',
  'GET /datasets/{id}/rows',
  'POST /jobs',
  'POST /jobs/validate',
]

export const tableAttacks: Readonly<Record<string, Attack>> = {
  'long texts': { routes, lanes: lanesPerAttack, prepare: useDataset(longTexts) },
  'wide tables': { routes, lanes: lanesPerAttack, prepare: useDataset(wideTable) },
}
