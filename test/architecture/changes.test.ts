/**
 * "To change X, edit Y" in docs/architecture.md: after each change in a scratch copy, the compiler and the checks below
 * name exactly the files of its row.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { activationSchema } from '../../src/contract/network.js'
import { catalogue, enumerations } from '../../src/engine/operations.js'
import { root } from '../docs/documents.js'
import {
  type Catalogue,
  incompleteAssemblyKernels,
  incompleteNativeKernels,
  presentCatalogue,
} from './kernel-sources.js'

interface Change {
  row: string
  file: string
  before: string
  after: string
}

const network = 'src/contract/network.ts'
const serviceChanges: Change[] = [
  { row: 'An activation', file: network, before: "  'softplus',\n", after: "  'softplus',\n  'mish',\n" },
  {
    row: 'A layer',
    file: network,
    before: "  z.strictObject({ type: z.literal('flatten') }),",
    after:
      "  z.strictObject({ type: z.literal('flatten') }),\n  z.strictObject({ type: z.literal('embedding'), units }),",
  },
  { row: 'A loss', file: network, before: "  'hinge',\n", after: "  'hinge',\n  'logCosh',\n" },
  {
    row: 'An optimizer',
    file: network,
    before: "optimizerSchema = z.discriminatedUnion('type', [",
    after:
      "optimizerSchema = z.discriminatedUnion('type', [z.strictObject({ type: z.literal('lion'), learningRate: epsilon(1), weightDecay }),",
  },
  {
    row: 'An operation of programs',
    file: 'src/engine/operations/learning.ts',
    before: '  adagradUpdate: operation({',
    after: `  lionUpdate: operation({
    code: 31,
    attributes: { count: 'integer', beta: 'real' },
    operands: { parameters: { access: 'update', shape: ['count'] } },
    cost: [[4, 'count']],
    tolerance: elementwise,
  }),
  adagradUpdate: operation({`,
  },
  {
    row: 'A state of a job',
    file: 'src/contract/job-status.ts',
    before: "'cancelled'])",
    after: "'cancelled', 'archived'])",
  },
  {
    row: 'A search of sweeps',
    file: 'src/contract/sweep.ts',
    before: "  z.strictObject({ type: z.literal('grid')",
    after:
      "  z.strictObject({ type: z.literal('halton'), points: z.int() }),\n  z.strictObject({ type: z.literal('grid')",
  },
  {
    row: 'An export format',
    file: 'src/contract/export.ts',
    before: "'c', 'tfjs'",
    after: "'c', 'tfjs', 'coreml'",
  },
  {
    row: 'A file format of uploads',
    file: 'src/contract/upload.ts',
    before: "'idx', 'gzip'",
    after: "'idx', 'gzip', 'arff'",
  },
  {
    row: 'A limit of tenants',
    file: 'src/contract/limits.ts',
    before: '  epochs: count',
    after: "  webhooks: count.describe('Webhooks.'),\n  epochs: count",
  },
  {
    row: 'A stream message',
    file: 'src/contract/stream.ts',
    before: '  epochs,\n  boundarySchema',
    after: "  epochs,\n  z.object({ type: z.literal('warning'), text: z.string() }),\n  boundarySchema",
  },
]
const pageChange: Change = {
  row: 'A view of the page',
  file: 'page/src/router.ts',
  before: "'models'",
  after: "'models', 'datasets'",
}

let copy: string

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'descent-test-'))
  for (const name of ['src', 'workers', 'page', 'examples', 'package.json', 'tsconfig.json']) {
    cpSync(join(root, name), join(copy, name), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  const configuration = {
    extends: './tsconfig.json',
    include: ['src', 'workers'],
    exclude: ['src/engine/kernels/wasm/assembly'],
  }
  writeFileSync(join(copy, 'tsconfig.service.json'), JSON.stringify(configuration))
})

afterAll(() => rmSync(copy, { recursive: true }))

/** Files with compile errors. */
function compile(project: string): Set<string> {
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  const options = ['-p', project, '--noEmit', '--pretty', 'false']
  const { stdout } = spawnSync(process.execPath, [compiler, ...options], { cwd: copy, encoding: 'utf8' })
  return new Set([...stdout.matchAll(/^(\S+)\(\d+,\d+\): error/gm)].map(([, file]) => file))
}

function compileChanged(project: string, { file, before, after }: Change): Set<string> {
  const path = join(copy, file)
  const text = readFileSync(path, 'utf8')
  expect(text.split(before)).toHaveLength(2)
  writeFileSync(path, text.replace(before, after))
  try {
    return compile(project)
  } finally {
    writeFileSync(path, text)
  }
}

/** The source files of a row that a check names. A path without a top folder is in src. */
function listedFiles(row: string): string[] {
  const [item] = readFileSync(join(root, 'docs/architecture.md'), 'utf8')
    .split(/\n(?=- |\n)/)
    .filter((each) => each.startsWith(`- **${row}:**`))
  if (item === undefined) throw new Error(`docs/architecture.md has no row ${row}`)
  const [checked] = item.replaceAll(/\s+/g, ' ').split(/ By hand[:,]/)
  const paths = [...checked.matchAll(/`([\w./-]+\.(?:ts|tsx|h))`/g)].map(([, path]) => path)
  return paths
    .filter((path) => !path.startsWith('test/'))
    .map((path) => (existsSync(join(root, path)) ? path : `src/${path}`))
    .toSorted()
}

const lionUpdate = { ...catalogue.clipGradients, code: 31 }
const extended = (kind: 'activation' | 'loss', name: string): Catalogue => {
  const members = enumerations[kind]
  const codes = { ...members, [name]: Object.keys(members).length }
  return { operations: catalogue, enumerations: { ...enumerations, [kind]: codes } }
}

/** Catalogues with the change of a row; the TypeScript compiler does not check their kernels in other languages. */
const changedCatalogues: Readonly<Record<string, Catalogue>> = {
  'An activation': extended('activation', 'mish'),
  'A loss': extended('loss', 'logCosh'),
  'An operation of programs': { operations: { ...catalogue, lionUpdate }, enumerations },
}

/** The page does not import the contract. Tests compare these lists of it with the contract. */
const hiddenLayer = 'page/src/components/hidden-layer.ts'
const exportMenu = 'page/src/views/export-formats.ts'
const isOnPage = (activation: string) =>
  readFileSync(join(root, hiddenLayer), 'utf8').includes(`'${activation}',`)

async function namedByChecks(row: string): Promise<string[]> {
  // test/page/export-formats.test.ts compares the menu.
  if (row === 'An export format') return [exportMenu]
  const changed = changedCatalogues[row]
  if (changed === undefined) return []
  const names = Object.keys(changed.enumerations.activation)
  return [
    ...incompleteAssemblyKernels(changed),
    ...(await incompleteNativeKernels(join(copy, 'native/source'), changed)),
    ...(names.every(isOnPage) ? [] : [hiddenLayer]),
  ]
}

describe('the kernels and the page', () => {
  it('have all operations, activations and losses in AssemblyScript', () =>
    expect(incompleteAssemblyKernels(presentCatalogue)).toEqual([]))
  it(
    'have all operations, activations and losses in C++',
    async () =>
      expect(await incompleteNativeKernels(join(copy, 'native/source'), presentCatalogue)).toEqual([]),
    240_000,
  )
  it('have all activations of hidden layers on the page', () => {
    const names = activationSchema.options.filter((name) => name !== 'softmax')
    expect(names.filter((name) => !isOnPage(name))).toEqual([])
  })
})

describe('a change of the service', () => {
  it('starts from a copy without errors', () => {
    expect([...compile('tsconfig.service.json')]).toEqual([])
  }, 240_000)

  it.each(serviceChanges)('$row: the files of its row are named', async (change) => {
    const compiled = compileChanged('tsconfig.service.json', change)
    const named = new Set([change.file, ...compiled, ...(await namedByChecks(change.row))])
    expect([...named].toSorted()).toEqual(listedFiles(change.row))
  }, 240_000)
})

describe('a change of the page', () => {
  it(`${pageChange.row}: the files of its row are named`, () => {
    // The types of the API exist after a build only. Without them, some files do not compile.
    const earlier = compile('page/tsconfig.json')
    const later = compileChanged('page/tsconfig.json', pageChange)
    const named = new Set([pageChange.file, ...[...later].filter((file) => !earlier.has(file))])
    expect([...named].toSorted()).toEqual(listedFiles(pageChange.row))
  }, 240_000)
})
