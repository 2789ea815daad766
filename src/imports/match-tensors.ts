/** Finds the tensors of a network in a file: by the names of this service, or by order and shape. */
import type { compilePrediction } from '../engine/index.js'
import { type FileTensor, readNumbers } from './file-tensor.js'
import type { WeightSource } from './imported-network.js'
import { listed, quoted, refuse, shapeText } from './refuse.js'

type Program = ReturnType<typeof compilePrediction>
type FileTensors = ReadonlyMap<string, FileTensor>

/** Tensors of one layer or of one module of PyTorch: shapes by the last part of their names. */
interface Group {
  /** The name of the module, or `layers.2`. */
  name: string
  shapes: Map<string, readonly number[]>
}

/** The parts of a PyTorch module, in the names of this service. */
const torchParts: Readonly<Record<string, string>> = {
  weight: 'weight',
  bias: 'bias',
  running_mean: 'runningMean',
  running_var: 'runningVar',
}

/**
 * Maps the tensors of the program to those of the file.
 * @throws Problem `invalid-model` that lists what does not fit and what is ambiguous
 */
export function matchTensors(program: Program, tensors: FileTensors): Map<string, WeightSource> {
  const names = hasOwnNames(program, tensors)
    ? new Map(program.tensors.map(({ name }) => [name, name]))
    : namesByShape(program, tensors)
  return new Map(
    program.tensors.flatMap(({ name }) => {
      const tensor = tensors.get(names.get(name) ?? '')
      return tensor === undefined ? [] : [[name, toSource(tensor)] as const]
    }),
  )
}

const toSource = (tensor: FileTensor): WeightSource => ({
  name: tensor.name,
  fill: (values) => readNumbers(tensor, values),
})

/** Running state may be absent in models of older versions. */
function hasOwnNames({ tensors: expected }: Program, tensors: FileTensors): boolean {
  const expectedShapes = new Map(expected.map(({ name, shape }) => [name, shapeText(shape)]))
  for (const [name, { shape }] of tensors) if (expectedShapes.get(name) !== shapeText(shape)) return false
  return expected.every(({ name }) => tensors.has(name) || /\.running(Mean|Var)$/.test(name))
}

/** The name in the file of each tensor of the program. */
function namesByShape(program: Program, tensors: FileTensors): Map<string, string> {
  const layers = groupsBySignature(groupByModule(program.tensors.map(({ name, shape }) => [name, shape])))
  const modules = groupsBySignature(
    groupByModule([...tensors].map(([name, { shape }]) => [toOwnPart(name), shape])),
  )
  const unmatched = [...new Set([...layers.keys(), ...modules.keys()])].filter(
    (signature) => layers.get(signature)?.length !== modules.get(signature)?.length,
  )
  if (unmatched.length > 0) throw mismatch(unmatched, layers, modules)
  const names = new Map<string, string>()
  for (const [signature, group] of layers) {
    const candidates = modules.get(signature) ?? []
    const ordered = orderByNumbers(candidates)
    if (ordered === null) throw ambiguous(signature, group, candidates)
    for (const [index, { name, shapes }] of group.entries()) {
      for (const part of shapes.keys())
        names.set(`${name}.${part}`, toFilePart(ordered[index].name, part, tensors))
    }
  }
  return names
}

function toOwnPart(name: string): string {
  const dot = name.lastIndexOf('.')
  const part = name.slice(dot + 1)
  const own = Object.hasOwn(torchParts, part) ? torchParts[part] : part
  return `${name.slice(0, dot + 1)}${own}`
}

function toFilePart(module: string, part: string, tensors: FileTensors): string {
  const name = module === '' ? part : `${module}.${part}`
  const snake = name.replace(/running(Mean|Var)$/, (_, word: string) => `running_${word.toLowerCase()}`)
  return tensors.has(snake) ? snake : name
}

function groupByModule(tensors: readonly (readonly [name: string, shape: readonly number[]])[]): Group[] {
  const groups = new Map<string, Group>()
  for (const [full, shape] of tensors) {
    const dot = full.lastIndexOf('.')
    const name = full.slice(0, Math.max(0, dot))
    const group = groups.get(name) ?? { name, shapes: new Map() }
    group.shapes.set(full.slice(dot + 1), shape)
    groups.set(name, group)
  }
  return [...groups.values()]
}

const groupSignature = ({ shapes }: Group) =>
  [...shapes]
    .map(([part, shape]) => `${part} ${shapeText(shape)}`)
    .toSorted()
    .join(', ')

function groupsBySignature(groups: readonly Group[]): Map<string, Group[]> {
  const bySignature = new Map<string, Group[]>()
  for (const group of groups) {
    const signature = groupSignature(group)
    const same = bySignature.get(signature)
    if (same === undefined) bySignature.set(signature, [group])
    else same.push(group)
  }
  return bySignature
}

/** By the numbers in their names, as in `net.2` and `net.10`; null if the names differ in more than numbers. */
function orderByNumbers(modules: readonly Group[]): Group[] | null {
  const kinds = new Set(modules.map(({ name }) => name.replaceAll(/\d+/g, '#')))
  if (kinds.size > 1) return null
  const numbers = new Map(modules.map((module) => [module, module.name.match(/\d+/g)?.map(Number) ?? []]))
  const of = (module: Group) => numbers.get(module) ?? []
  return modules.toSorted((a, b) => {
    const position = of(a).findIndex((number, index) => number !== of(b)[index])
    return position < 0 ? 0 : of(a)[position] - of(b)[position]
  })
}

const quotedNames = (groups: readonly Group[] = []) => groups.map(({ name }) => quoted(name))

function ambiguous(signature: string, layers: readonly Group[], modules: readonly Group[]): Error {
  return refuse(
    `${listed(quotedNames(modules))} (${signature}) match ${listed(quotedNames(layers))} in any order, and their names have no ` +
      'numbers that order them. Rename the tensors as in this service, such as "layers.0.weight", or number the modules.',
  )
}

function mismatch(
  signatures: readonly string[],
  layers: ReadonlyMap<string, Group[]>,
  modules: ReadonlyMap<string, Group[]>,
): Error {
  const sentences = signatures.map((signature) => {
    const needing = layers.get(signature)
    const having = modules.get(signature)
    if (having === undefined)
      return `${listed(quotedNames(needing))} of the network needs ${signature}, which no module has`
    if (needing === undefined)
      return `${listed(quotedNames(having))} of the file has ${signature}, which no layer takes`
    return (
      `${having.length} of the file (${listed(quotedNames(having))}) have ${signature}, and ` +
      `${needing.length} of the network (${listed(quotedNames(needing))})`
    )
  })
  return refuse(`The tensors do not fit the network: ${listed(sentences).replaceAll(', "', ', "')}.`)
}
