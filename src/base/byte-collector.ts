/**
 * Collects bytes that arrive in pieces. It copies them into blocks, because each piece is an object of some hundred bytes,
 * and a client may send pieces of one byte.
 */
const blockBytes = 64 * 1024

export class ByteCollector {
  readonly #blocks: Buffer[] = []
  /** Bytes in the last block. */
  #used = 0
  #length = 0

  /** @param expected number of bytes, if it is known; the first block has that length */
  constructor(private readonly expected = blockBytes) {}

  get length(): number {
    return this.#length
  }

  add(piece: Uint8Array): void {
    this.#length += piece.length
    for (let from = 0; from < piece.length; ) {
      const block = this.#freeBlock()
      const part = piece.subarray(from, from + block.length - this.#used)
      block.set(part, this.#used)
      this.#used += part.length
      from += part.length
    }
  }

  /** All bytes, alone in their memory. Call it once, after the last piece. */
  take(): Buffer {
    const [first] = this.#blocks
    if (first?.length === this.#length) return first
    const all = Buffer.allocUnsafeSlow(this.#length)
    let to = 0
    for (const block of this.#blocks.splice(0)) to += block.copy(all, to)
    return all
  }

  #freeBlock(): Buffer {
    const last = this.#blocks.at(-1)
    if (last !== undefined && this.#used < last.length) return last
    const block = Buffer.allocUnsafeSlow(last === undefined && this.expected > 0 ? this.expected : blockBytes)
    this.#blocks.push(block)
    this.#used = 0
    return block
  }
}
