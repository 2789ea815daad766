/** A program as int32 words, for backends outside JavaScript; program.ts documents the format. */

import { sizeOf } from './arena.js'
import {
  type AttributeType,
  type AttributeValue,
  accuracyCodes,
  activationCodes,
  declarationOf,
  lossCodes,
  type Operation,
  weightingCodes,
} from './operations.js'
import { listNames, type NetworkProgram } from './program.js'

export const formatVersion = 1
const headerWords = 16

type Enumeration = 'activation' | 'loss' | 'accuracy' | 'weighting'
const enumerations: Readonly<Record<Enumeration, Readonly<Record<string, number>>>> = {
  activation: activationCodes,
  loss: lossCodes,
  accuracy: accuracyCodes,
  weighting: weightingCodes,
}

/** @returns the words, header first; positions in the header count words from its start. */
export function encode(program: NetworkProgram): Int32Array {
  const body: number[] = []
  const positions: number[] = []
  for (const name of listNames) {
    positions.push(headerWords + body.length)
    for (const operation of program.lists[name]) body.push(...wordsOf(operation, program))
  }
  positions.push(headerWords + body.length)
  const target = program.target === null ? null : bufferOf(program, program.target)
  const header = [
    formatVersion,
    program.capacity,
    sizeOf(bufferOf(program, program.input).shape),
    target === null ? 0 : sizeOf(target.shape),
    sizeOf(bufferOf(program, program.output).shape),
    bufferOf(program, program.input).offset,
    target === null ? -1 : target.offset,
    bufferOf(program, program.output).offset,
    program.floats,
    ...positions,
    program.answersPerRow,
  ]
  return Int32Array.from([...header, ...body])
}

function bufferOf(program: NetworkProgram, id: number) {
  const buffer = program.buffers[id]
  if (buffer === undefined) throw new RangeError(`the program has no buffer ${id}`)
  return buffer
}

function wordsOf(operation: Operation, program: NetworkProgram): number[] {
  const declaration = declarationOf(operation.op)
  const operands: Readonly<Record<string, number | null>> = operation.operands
  const attributes: Readonly<Record<string, AttributeValue>> = operation.attributes
  const words: number[] = []
  for (const name of Object.keys(declaration.operands)) {
    const id = operands[name]
    words.push(id === undefined || id === null ? -1 : bufferOf(program, id).offset)
  }
  for (const [name, type] of Object.entries(declaration.attributes)) {
    const value = attributes[name]
    if (value === undefined) throw new TypeError(`${operation.op} lacks its attribute ${name}`)
    words.push(...attributeWords(type, value))
  }
  return [declaration.code, words.length + 2, ...words]
}

function attributeWords(type: AttributeType, value: AttributeValue): number[] {
  switch (type) {
    case 'integer':
    case 'flag':
      return [Number(value)]
    case 'real': {
      const view = new DataView(new ArrayBuffer(8))
      view.setFloat64(0, Number(value), true)
      return [view.getInt32(0, true), view.getInt32(4, true)]
    }
    case 'activation':
    case 'loss':
    case 'accuracy':
    case 'weighting': {
      const code = enumerations[type][String(value)]
      if (code === undefined) throw new RangeError(`${String(value)} is no ${type}`)
      return [code]
    }
    default:
      return type satisfies never
  }
}
