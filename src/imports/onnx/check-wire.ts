/**
 * Checks the structure of a protobuf message without building it. A decoder would build whatever the bytes say: two bytes
 * of a file can become an object of some hundred.
 */
import protobuf from 'protobufjs'
import { Problem } from '../../contract/problems.js'
import { refuse } from '../refuse.js'

const maximumMessages = 50_000
const maximumFields = 500_000
const maximumDepth = 16
/** Numbers outside of `raw_data`, which decode to more bytes than they have. */
const maximumNumbers = 1_000_000
const maximumTextBytes = 16 * 1024 * 1024

const lengthDelimited = 2

/** @throws Problem `invalid-model` */
export function checkWire(type: protobuf.Type, bytes: Uint8Array): void {
  try {
    new WireCheck(bytes).message(type, bytes.length, 0)
  } catch (error) {
    if (error instanceof Problem) throw error
    throw refuse(`The ONNX file is truncated or damaged: ${error instanceof Error ? error.message : error}.`)
  }
}

class WireCheck {
  #messages = 0
  #fields = 0
  #numbers = 0
  #textBytes = 0
  readonly #reader: protobuf.Reader

  constructor(bytes: Uint8Array) {
    this.#reader = protobuf.Reader.create(bytes)
  }

  message(type: protobuf.Type, end: number, depth: number): void {
    if (depth > maximumDepth) throw tooMuch('levels of messages', maximumDepth)
    this.#messages = count(this.#messages, 1, maximumMessages, 'messages')
    while (this.#reader.pos < end) {
      this.#fields = count(this.#fields, 1, maximumFields, 'fields')
      this.#field(type, end, depth)
    }
    if (this.#reader.pos > end) throw new RangeError(`a message ends at byte ${end}, within a field`)
  }

  #field(type: protobuf.Type, end: number, depth: number): void {
    const tag = this.#reader.uint32()
    const wireType = tag & 7
    // Groups, which nest and which ONNX does not have.
    if (wireType === 3 || wireType === 4)
      throw new RangeError(`byte ${this.#reader.pos} begins or ends a group`)
    const field: protobuf.Field | undefined = type.fieldsById[tag >>> 3]
    if (wireType !== lengthDelimited) {
      this.#reader.skipType(wireType)
      if (field?.repeated === true) this.#numbers = count(this.#numbers, 1, maximumNumbers, 'numbers')
      return
    }
    const length = this.#reader.uint32()
    const next = this.#reader.pos + length
    if (next > end)
      throw new RangeError(`a field of ${length} bytes ends at byte ${next}, its message at byte ${end}`)
    this.#content(field, { length, next, depth })
  }

  #content(
    field: protobuf.Field | undefined,
    { length, next, depth }: { length: number; next: number; depth: number },
  ): void {
    if (field?.resolve().resolvedType instanceof protobuf.Type) {
      this.message(field.resolvedType as protobuf.Type, next, depth + 1)
      return
    }
    if (field?.type === 'string')
      this.#textBytes = count(this.#textBytes, length, maximumTextBytes, 'bytes of text')
    else if (field !== undefined && field.type !== 'bytes') {
      this.#numbers = count(this.#numbers, length, maximumNumbers, 'bytes of numbers outside of raw_data')
    }
    this.#reader.skip(length)
  }
}

function count(sum: number, more: number, most: number, what: string): number {
  if (sum + more > most) throw tooMuch(what, most)
  return sum + more
}

const tooMuch = (what: string, most: number) =>
  refuse(`The ONNX file has more than ${most} ${what}. Networks of at most 256 layers need fewer.`)
