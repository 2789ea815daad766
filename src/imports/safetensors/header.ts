/**
 * Reads the JSON header of a safetensors file (https://huggingface.co/docs/safetensors) by its grammar alone. JSON.parse
 * would build whatever a hostile header holds; this reader stops at the first text that no header has.
 */
import { quoted, refuse } from '../refuse.js'

export interface HeaderTensor {
  name: string
  dtype: string
  shape: number[]
  /** Bytes after the header. */
  begin: number
  end: number
}

interface Header {
  tensors: HeaderTensor[]
  metadata: Map<string, string>
}

/** A network of 256 layers has at most 1,024 tensors. PyTorch adds counters of batches. */
const maximumTensors = 4_096
const maximumMetadata = 64
const maximumSides = 8

const code = (character: string) => character.charCodeAt(0)
const [quote, backslash] = [...'"\\'].map(code)
const [space, tab, carriageReturn, lineFeed] = [...' \t\r\n'].map(code)
const isSpace = (each: number) =>
  each === space || each === tab || each === carriageReturn || each === lineFeed

/** @throws Problem `invalid-model` */
export function parseHeader(text: string): Header {
  return new HeaderReader(text).read()
}

class HeaderReader {
  #at = 0

  constructor(private readonly text: string) {}

  read(): Header {
    const tensors: HeaderTensor[] = []
    const names = new Set<string>()
    let metadata = new Map<string, string>()
    this.#members((name) => {
      if (names.has(name)) throw refuse(`The header has the name ${quoted(name)} twice.`)
      names.add(name)
      if (name === '__metadata__') {
        metadata = this.#metadata()
        return
      }
      if (tensors.length === maximumTensors)
        throw refuse(`The header has more than ${maximumTensors} tensors.`)
      tensors.push(this.#tensor(name))
    })
    // The format pads the header with spaces.
    this.#skipSpace()
    if (this.#at < this.text.length) throw this.#unexpected('the end of the header')
    return { tensors, metadata }
  }

  #tensor(name: string): HeaderTensor {
    let dtype: string | undefined
    let shape: number[] | undefined
    let offsets: number[] | undefined
    this.#members((field) => {
      if (field === 'dtype' && dtype === undefined) dtype = this.#string()
      else if (field === 'shape' && shape === undefined) shape = this.#integers(maximumSides)
      else if (field === 'data_offsets' && offsets === undefined) offsets = this.#integers(2)
      else throw refuse(`The tensor ${quoted(name)} has an unknown or repeated field ${quoted(field)}.`)
    })
    if (dtype === undefined || shape === undefined || offsets?.length !== 2) {
      throw refuse(`The tensor ${quoted(name)} lacks its dtype, its shape or one of its two data_offsets.`)
    }
    const [begin, end] = offsets
    return { name, dtype, shape, begin, end }
  }

  #metadata(): Map<string, string> {
    const metadata = new Map<string, string>()
    this.#members((name) => {
      if (metadata.has(name)) throw refuse(`The metadata has the name ${quoted(name)} twice.`)
      if (metadata.size === maximumMetadata) {
        throw refuse(`The metadata has more than ${maximumMetadata} entries.`)
      }
      metadata.set(name, this.#string())
    })
    return metadata
  }

  /** Reads an object: calls `value` after each name, to read what follows it. */
  #members(value: (name: string) => void): void {
    this.#take('{')
    if (this.#skip('}')) return
    do {
      const name = this.#string()
      this.#take(':')
      value(name)
    } while (this.#skip(','))
    this.#take('}')
  }

  #integers(most: number): number[] {
    const integers: number[] = []
    this.#take('[')
    if (this.#skip(']')) return integers
    do {
      if (integers.length === most) throw refuse(`The header has a list of more than ${most} numbers.`)
      integers.push(this.#integer())
    } while (this.#skip(','))
    this.#take(']')
    return integers
  }

  #integer(): number {
    this.#skipSpace()
    const digits = /(?:0|[1-9]\d{0,15})(?![\d.eE])/y
    digits.lastIndex = this.#at
    const [text] = digits.exec(this.text) ?? []
    const value = Number(text)
    if (text === undefined || !Number.isSafeInteger(value)) throw this.#unexpected('a whole number from 0')
    this.#at += text.length
    return value
  }

  #string(): string {
    this.#skipSpace()
    const end = this.#stringEnd()
    const literal = this.text.slice(this.#at, end + 1)
    try {
      const value: unknown = JSON.parse(literal)
      if (typeof value === 'string') {
        this.#at = end + 1
        return value
      }
    } catch {
      // Reported below.
    }
    throw this.#unexpected('a text')
  }

  /** The index of the closing quote. */
  #stringEnd(): number {
    if (this.text[this.#at] !== '"') throw this.#unexpected('a text')
    for (let end = this.#at + 1; end < this.text.length; end++) {
      const character = this.text.charCodeAt(end)
      if (character === quote) return end
      if (character === backslash) end += 1
    }
    throw refuse('The header ends within a text.')
  }

  #skipSpace(): void {
    while (isSpace(this.text.charCodeAt(this.#at))) this.#at += 1
  }

  #skip(character: string): boolean {
    this.#skipSpace()
    if (this.text[this.#at] !== character) return false
    this.#at += 1
    return true
  }

  #take(character: string): void {
    if (!this.#skip(character)) throw this.#unexpected(quoted(character))
  }

  #unexpected(expected: string): Error {
    const found = this.#at < this.text.length ? quoted(this.text.slice(this.#at, this.#at + 20)) : 'its end'
    return refuse(
      `The header is not that of safetensors: at character ${this.#at} is ${found} instead of ${expected}.`,
    )
  }
}
