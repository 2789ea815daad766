/** Validates a program: operands inside the arena, shapes as declared, no read before a write. */
import { alignment, type Buffer, elementCount } from './arena.js'
import {
  type AttributeType,
  type AttributeValue,
  type BufferId,
  enumerations,
  findDeclaration,
  type Operation,
} from './operations.js'
import type { ListName, NetworkProgram } from './program.js'

/** Kinds of buffers that are initialized before a list runs. */
const initializedKinds: readonly Buffer['kind'][] = [
  'input',
  'target',
  'parameter',
  'runningState',
  'optimizerState',
]

/** @throws Error that names the first invalid operation or buffer. */
export function validateProgram(program: NetworkProgram): void {
  checkArena(program)
  checkSequence(program, ['forward', 'backward', 'update'])
  checkSequence(program, ['evaluation'])
  checkSequence(program, ['prediction'])
  const written = new Set(program.lists.prediction.flatMap((operation) => operandIds(operation, 'write')))
  if (program.lists.prediction.length > 0 && !written.has(program.output)) {
    throw new Error('no operation of the list prediction writes the output')
  }
}

function checkArena({ buffers, floats, capacity }: NetworkProgram): void {
  const owners = buffers.filter((buffer) => buffer.spans === undefined)
  for (const { name, offset, length, shape, perRow } of buffers) {
    if (!Number.isInteger(offset) || offset < 0 || offset % alignment !== 0) {
      throw new Error(`the buffer ${name} has offset ${offset}, which is not a multiple of ${alignment}`)
    }
    if (offset + length > floats) {
      throw new Error(
        `the buffer ${name} exceeds the arena of ${floats} floats: it ends at ${offset + length}`,
      )
    }
    if (length !== elementCount(shape) * (perRow ? capacity : 1)) {
      throw new Error(
        `the buffer ${name} has ${length} floats, which does not match its shape [${shape.join(', ')}]`,
      )
    }
  }
  const ordered = owners.toSorted((a, b) => a.offset - b.offset)
  ordered.forEach((buffer, i) => {
    const next = ordered[i + 1]
    if (next !== undefined && buffer.offset + buffer.length > next.offset) {
      throw new Error(`the buffers ${buffer.name} and ${next.name} overlap`)
    }
  })
}

/** Checks lists that run in sequence on a new arena. */
function checkSequence(program: NetworkProgram, names: readonly ListName[]): void {
  const operations = names.flatMap((name) => program.lists[name])
  const everWritten = new Set(
    operations.flatMap((operation) => expandSpans(program, operandIds(operation, 'write'))),
  )
  const filled = new Set<BufferId>()
  program.buffers.forEach((buffer, id) => {
    // A gradient that no operation writes keeps its initial zeros.
    const isZero = buffer.kind === 'gradient' && !everWritten.has(id)
    if (initializedKinds.includes(buffer.kind) || isZero) filled.add(id)
  })
  operations.forEach((operation, i) => {
    const title = `operation ${i} of ${names.join(', ')} (${operation.op})`
    checkOperands(program, operation, title)
    for (const id of expandSpans(program, operandIds(operation, 'read'))) {
      if (filled.has(id)) continue
      throw new Error(`${title} reads ${program.buffers[id]?.name} before it is written`)
    }
    for (const id of expandSpans(program, operandIds(operation, 'write'))) filled.add(id)
  })
}

function checkOperands(program: NetworkProgram, operation: Operation, title: string): void {
  const operands: Readonly<Record<string, BufferId | null>> = operation.operands
  const attributes: Readonly<Record<string, AttributeValue>> = operation.attributes
  const declaration = findDeclaration(operation.op)
  for (const [name, value] of Object.entries(attributes)) {
    const type = declaration.attributes[name]
    if (type === undefined || !isInRange(type, value)) {
      throw new Error(`${title} has an invalid attribute: ${name} = ${value}`)
    }
  }
  for (const [name, { shape, optional }] of Object.entries(declaration.operands)) {
    const id = operands[name]
    if (id === null || id === undefined) {
      if (!optional) throw new Error(`${title} has no operand ${name}`)
      continue
    }
    const buffer = program.buffers[id]
    if (buffer === undefined) throw new Error(`${title}: there is no buffer ${id} for ${name}`)
    const perRow = shape.includes('rows')
    const size = shape
      .filter((axis) => axis !== 'rows')
      .reduce((product, axis) => product * Number(attributes[axis]), 1)
    if (buffer.perRow !== perRow || elementCount(buffer.shape) !== size) {
      throw new Error(
        `${title}: ${name} needs ${size} values${perRow ? ' per row' : ''}, but ${buffer.name} is [${buffer.shape.join(', ')}]${buffer.perRow ? ' per row' : ''}`,
      )
    }
  }
}

function isInRange(type: AttributeType, value: AttributeValue): boolean {
  const number = Number(value)
  switch (type) {
    case 'integer':
      return Number.isSafeInteger(value) && number > 0
    case 'natural':
      return Number.isSafeInteger(value) && number >= 0
    case 'byte':
      return Number.isSafeInteger(value) && number >= 0 && number < 256
    case 'real':
      return Number.isFinite(value)
    case 'fraction':
      return Number.isFinite(value) && number >= 0 && number < 1
    case 'flag':
      return typeof value === 'boolean'
    case 'activation':
    case 'loss':
    case 'accuracy':
    case 'weighting':
      return Object.hasOwn(enumerations[type], String(value))
    default:
      return type satisfies never
  }
}

function operandIds(operation: Operation, access: 'read' | 'write'): BufferId[] {
  const operands: Readonly<Record<string, BufferId | null>> = operation.operands
  return Object.entries(findDeclaration(operation.op).operands).flatMap(([name, declared]) => {
    const id = operands[name]
    const matches = declared.access === access || declared.access === 'update'
    return matches && id !== null && id !== undefined ? [id] : []
  })
}

/** Replaces spanning buffers by the buffers they span. */
function expandSpans(program: NetworkProgram, ids: readonly BufferId[]): BufferId[] {
  return ids.flatMap((id) => program.buffers[id]?.spans ?? [id])
}
