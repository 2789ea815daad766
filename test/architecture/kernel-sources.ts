/** Which kernel sources miss an operation, an activation or a loss of a catalogue. */
import { spawnSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { OperationDeclaration } from '../../src/engine/operations/declaration.js'
import { activationRules, catalogue, enumerations } from '../../src/engine/operations.js'
import { listNames } from '../../src/engine/program.js'
import { root } from '../docs/documents.js'

export interface Catalogue {
  readonly operations: Readonly<Record<string, OperationDeclaration>>
  readonly enumerations: Readonly<Record<string, Readonly<Record<string, number>>>>
}
export const presentCatalogue: Catalogue = { operations: catalogue, enumerations }

const native = 'native/source'
const header = 'operations.h'
const assembly = 'src/engine/kernels/wasm/assembly'

/** Only the front end of the compiler runs, so exhaustive switches and overloads are checked within seconds. */
const compilerOptions = [
  '-std=c++17',
  '-fsyntax-only',
  '-Wall',
  '-Wno-psabi',
  '-Werror=switch',
  ...(process.arch === 'x64' ? ['-mavx2', '-mfma'] : []),
]
const translationUnits = ['program.cpp', process.arch === 'x64' ? 'kernels-avx2.cpp' : 'kernels-neon.cpp']

/** @returns the native sources with errors, compiled in `folder` with the header of the catalogue. */
export async function incompleteNativeKernels(folder: string, given: Catalogue): Promise<string[]> {
  cpSync(join(root, native), folder, { recursive: true })
  const generator: {
    operationsHeader(
      operations: Catalogue['operations'],
      enumerations: Catalogue['enumerations'],
      rules: typeof activationRules,
      lists: readonly string[],
    ): string
  } = await import(join(root, 'scripts/generate/header.mjs'))
  const { operations, enumerations } = given
  writeFileSync(
    join(folder, header),
    generator.operationsHeader(operations, enumerations, activationRules, listNames),
  )
  const failed = new Set<string>()
  for (const unit of translationUnits) {
    const options = [...compilerOptions, join(folder, unit)]
    const { error, status, stderr } = spawnSync(process.env.CXX ?? 'g++', options, { encoding: 'utf8' })
    if (error !== undefined) throw error
    const files = [...stderr.matchAll(/^([^\s:]+):\d+:\d+: (?:fatal )?error/gm)].map(([, file]) =>
      relative(folder, file),
    )
    if (status !== 0 && files.length === 0) throw new Error(stderr)
    for (const file of files) failed.add(file)
  }
  return [...failed].filter((file) => file !== header).map((file) => `${native}/${file}`)
}

const assemblySources = () =>
  readdirSync(join(root, assembly))
    .filter((name) => name.endsWith('.ts'))
    .map((name) => ({ file: `${assembly}/${name}`, text: readFileSync(join(root, assembly, name), 'utf8') }))

/** @returns the AssemblyScript sources with a switch or a function that distinguishes most members, but not all. */
function incompleteFunctions(namespace: string, names: readonly string[], optional: readonly string[]) {
  return assemblySources().flatMap(({ file, text }) => {
    const isIncomplete = text.split(/switch \(|\bfunction /).some((block) => {
      const members = [...block.matchAll(new RegExp(`\\b${namespace}\\.(\\w+)`, 'g'))].map(([, name]) => name)
      const found = new Set(members)
      return found.size > 3 && names.some((name) => !found.has(name) && !optional.includes(name))
    })
    return isIncomplete ? [file] : []
  })
}

/** The compiler of AssemblyScript does not check that a switch is exhaustive, so its text is searched. */
export function incompleteAssemblyKernels({ operations, enumerations }: Catalogue): string[] {
  const dispatcher = `${assembly}/operations.ts`
  const text = readFileSync(join(root, dispatcher), 'utf8')
  const isDispatched = (name: string) => text.includes(`case ${name[0].toUpperCase()}${name.slice(1)}.code:`)
  // Categorical cross-entropy is computed over rows, and the last of the other losses needs no comparison.
  const optionalLosses = ['categoricalCrossentropy', 'perceptron']
  return [
    ...(Object.keys(operations).every(isDispatched) ? [] : [dispatcher]),
    ...incompleteFunctions('Activation', Object.keys(enumerations.activation), ['linear', 'step']),
    ...incompleteFunctions('LossFunction', Object.keys(enumerations.loss), optionalLosses),
  ]
}
