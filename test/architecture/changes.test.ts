/**
 * "To change X, edit Y" in docs/architecture.md: after each change in a scratch copy, the compiler and the checks below
 * name exactly the files of its row.
 */
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { activationSchema, lossSchema } from '../../src/contract/network.js'
import { root } from '../docs/documents.js'

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
      "optimizerSchema = z.discriminatedUnion('type', [z.strictObject({ type: z.literal('lion'), learningRate: epsilon(1) }),",
  },
  {
    row: 'A state of a job',
    file: 'src/contract/job.ts',
    before: "'cancelled'])",
    after: "'cancelled', 'archived'])",
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
  for (const name of ['src', 'workers', 'page', 'package.json', 'tsconfig.json']) {
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

/** The source files of a row. A path without a top folder is in src. */
function listedFiles(row: string): string[] {
  const [item] = readFileSync(join(root, 'docs/architecture.md'), 'utf8')
    .split(/\n(?=- |\n)/)
    .filter((each) => each.startsWith(`- **${row}:**`))
  if (item === undefined) throw new Error(`docs/architecture.md has no row ${row}`)
  const paths = [...item.matchAll(/`([\w./-]+\.(?:ts|tsx|h))`/g)].map(([, path]) => path)
  return paths
    .filter((path) => !path.startsWith('test/'))
    .map((path) => (existsSync(join(root, path)) ? path : `src/${path}`))
    .toSorted()
}

/** Kernels, which the TypeScript compiler does not check; their generated files have every name. */
const kernelFolders = ['native/source', 'src/engine/kernels/wasm/assembly']
const generated = 'native/source/operations.h'

/** Kernel files with a switch or a function that distinguishes most names of an enumeration, but not all. */
function incompleteKernels(
  enumeration: string,
  names: readonly string[],
  optional: readonly string[],
): string[] {
  const files = kernelFolders
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`))
    .filter((file) => /\.(h|ts)$/.test(file) && file !== generated)
  return files.filter((file) => {
    const blocks = readFileSync(join(root, file), 'utf8').split(/switch \(|\bfunction /)
    return blocks.some((block) => {
      const cases = [...block.matchAll(new RegExp(`\\b${enumeration}(?:::|\\.)(\\w+)`, 'g'))]
      const found = new Set(cases.map(([, name]) => name))
      return found.size > 3 && names.some((name) => !found.has(name) && !optional.includes(name))
    })
  })
}

const elementwise = activationSchema.options.filter((name) => name !== 'softmax')
const incompleteActivations = (names: readonly string[]) => [
  ...incompleteKernels('Activation', names, ['linear', 'step']),
  ...['page/src/components/network-editor.tsx'].filter((file) => {
    const text = readFileSync(join(root, file), 'utf8')
    return names.some((name) => !text.includes(`'${name}',`))
  }),
]
const incompleteLosses = (names: readonly string[]) =>
  incompleteKernels('LossFunction', names, ['categoricalCrossentropy', 'perceptron'])

/** Files that the checks of this file name after a change. */
const namedByChecks: Readonly<Record<string, () => string[]>> = {
  'An activation': () => incompleteActivations([...elementwise, 'mish']),
  'A loss': () => incompleteLosses([...lossSchema.options, 'logCosh']),
}

describe('the kernels and the page', () => {
  it('have every activation', () => expect(incompleteActivations(elementwise)).toEqual([]))
  it('have every loss', () => expect(incompleteLosses(lossSchema.options)).toEqual([]))
})

describe('a change of the service', () => {
  it('starts from a copy without errors', () => {
    expect([...compile('tsconfig.service.json')]).toEqual([])
  }, 240_000)

  it.each(serviceChanges)('$row: the files of its row are named', (change) => {
    const compiled = compileChanged('tsconfig.service.json', change)
    const named = new Set([change.file, ...compiled, ...(namedByChecks[change.row]?.() ?? [])])
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
