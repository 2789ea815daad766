/** A program as int32 words, for backends outside JavaScript; program.ts documents the format. */

import { elementCount } from './arena.js'
import {
  type AttributeType,
  type AttributeValue,
  enumerations,
  findDeclaration,
  type Operation,
} from './operations.js'
import { listNames, type NetworkProgram } from './program.js'

const formatVersion = 1
const headerWords = 16

/** @returns the words, header first; positions in the header count words from its start. */
export function encode(program: NetworkProgram): Int32Array {
  const body: number[] = []
  const positions: number[] = []
  for (const name of listNames) {
    positions.push(headerWords + body.length)
    for (const operation of program.lists[name]) body.push(...encodeOperation(operation, program))
  }
  positions.push(headerWords + body.length)
  const target = program.target === null ? null : findBuffer(program, program.target)
  const header = [
    formatVersion,
    program.capacity,
    elementCount(findBuffer(program, program.input).shape),
    target === null ? 0 : elementCount(target.shape),
    elementCount(findBuffer(program, program.output).shape),
    findBuffer(program, program.input).offset,
    target === null ? -1 : target.offset,
    findBuffer(program, program.output).offset,
    program.floats,
    ...positions,
    program.answersPerRow,
  ]
  return Int32Array.from([...header, ...body])
}

function findBuffer(program: NetworkProgram, id: number) {
  const buffer = program.buffers[id]
  if (buffer === undefined) throw new RangeError(`the program has no buffer ${id}`)
  return buffer
}

function encodeOperation(operation: Operation, program: NetworkProgram): number[] {
  const declaration = findDeclaration(operation.op)
  const operands: Readonly<Record<string, number | null>> = operation.operands
  const attributes: Readonly<Record<string, AttributeValue>> = operation.attributes
  const words: number[] = []
  for (const name of Object.keys(declaration.operands)) {
    const id = operands[name]
    words.push(id === undefined || id === null ? -1 : findBuffer(program, id).offset)
  }
  for (const [name, type] of Object.entries(declaration.attributes)) {
    const value = attributes[name]
    if (value === undefined) throw new TypeError(`${operation.op} has no attribute ${name}`)
    words.push(...encodeAttribute(type, value))
  }
  return [declaration.code, words.length + 2, ...words]
}

function encodeAttribute(type: AttributeType, value: AttributeValue): number[] {
  switch (type) {
    case 'integer':
    case 'natural':
    case 'byte':
    case 'flag':
      return [Number(value)]
    case 'real':
    case 'fraction': {
      const view = new DataView(new ArrayBuffer(8))
      view.setFloat64(0, Number(value), true)
      return [view.getInt32(0, true), view.getInt32(4, true)]
    }
    case 'activation':
    case 'loss':
    case 'accuracy':
    case 'weighting': {
      const codes: Readonly<Record<string, number>> = enumerations[type]
      const code = codes[String(value)]
      if (code === undefined) throw new RangeError(`there is no ${type} ${String(value)}`)
      return [code]
    }
    default:
      return type satisfies never
  }
}
