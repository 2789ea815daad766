/** Prints a program as text, for golden tests and debugging. */
import { type AttributeValue, findDeclaration, type Operation } from './operations.js'
import { listNames, type NetworkProgram } from './program.js'

/** Prints layers, buffers and operations, one per line. */
export function printProgram(program: NetworkProgram): string {
  const buffers = program.buffers.map(({ name, kind, shape, perRow, offset, length }) => {
    const rows = perRow ? [`rows≤${program.capacity}`, ...shape] : shape
    return `  ${offset}…${offset + length} ${kind} ${name} [${rows.join(', ')}]`
  })
  const layers = program.layers.map(({ index, type, activation, inputShape, outputShape, parameters }) => {
    const shapes = `[${inputShape.join(', ')}] → [${outputShape.join(', ')}]`
    return `  ${index} ${type}${activation === undefined ? '' : ` ${activation}`} ${shapes} ${parameters}`
  })
  const lists = listNames
    .filter((name) => program.lists[name].length > 0)
    .flatMap((name) => [
      `${name}:`,
      ...program.lists[name].map((operation) => `  ${line(operation, program)}`),
    ])
  return [
    `layers: ${program.parameters} parameters`,
    ...layers,
    `arena: ${program.floats} floats, ${program.capacity} rows a batch`,
    ...buffers,
    ...lists,
    '',
  ].join('\n')
}

/** `op(operands; attributes) → written operands`. */
function line(operation: Operation, program: NetworkProgram): string {
  const declaration = findDeclaration(operation.op)
  const operands: Readonly<Record<string, number | null>> = operation.operands
  const attributes: Readonly<Record<string, AttributeValue>> = operation.attributes
  const reads: string[] = []
  const writes: string[] = []
  for (const [name, { access }] of Object.entries(declaration.operands)) {
    const id = operands[name]
    if (id === undefined || id === null) continue
    const text = `${name}=${program.buffers[id]?.name ?? id}`
    if (access !== 'write') reads.push(text)
    if (access !== 'read') writes.push(text)
  }
  const values = Object.entries(attributes).map(([name, value]) => `${name}=${value}`)
  return `${operation.op}(${[...reads, ...values].join(' ')}) → ${writes.join(' ') || 'sums'}`
}
