/**
 * One shared memory for a dataset and the arenas of its trainings. It is a shared WebAssembly.Memory: the reference
 * backend reads it as a SharedArrayBuffer, the WASM backend as its own memory, so nothing is copied.
 *
 * - Bytes 0 … 1023: always zero.
 * - 1024 … 32767: the table of regions.
 * - 32768 … 65535: constants of backends, the same for every instance over the memory.
 * - From 65536: regions in order of address, each a multiple of 64 bytes. Released regions are reused.
 */
import { preferHugePages } from './kernels/native/addon.js'

const tableStart = 1024
const firstRegion = 65_536
const pageBytes = 65_536
/** 4 GiB: the limit of 32-bit addresses. */
const maximumPages = 65_536

/** Words of the table: lock, number of regions, then [start, length] in units of 64 bytes for each region in use. */
const lockWord = 0
const countWord = 1
const firstEntry = 2
const maximumRegions = 3_900
const unit = 64

/** Backends may store constants from here to the first region. */
const constantsStart = 32_768

/** A reference for another thread; structured clone shares the memory. */
export interface MemoryHandle {
  readonly memory: WebAssembly.Memory
}

export class SharedMemory {
  /** The buffer as of the last refresh; another thread may have grown the memory since. */
  #buffer: SharedArrayBuffer

  private constructor(readonly memory: WebAssembly.Memory) {
    this.#buffer = memory.buffer
  }

  /**
   * Creates a memory whose initial size fits `bytes` of regions.
   * @throws RangeError when the system cannot allocate the memory.
   */
  static create(bytes: number, limit: 'growing' | 'fixed' = 'growing'): SharedMemory {
    const initial = Math.ceil((firstRegion + bytes) / pageBytes) + 1
    const maximum = limit === 'growing' ? maximumPages : initial
    const memory = new WebAssembly.Memory({ initial, maximum, shared: true })
    preferHugePages(memory.buffer)
    return new SharedMemory(memory)
  }

  static attach(handle: MemoryHandle): SharedMemory {
    return new SharedMemory(handle.memory)
  }

  handle(): MemoryHandle {
    return { memory: this.memory }
  }

  get bytes(): number {
    return this.#refresh().byteLength
  }

  float32(address: number, length: number): Float32Array<SharedArrayBuffer> {
    return new Float32Array(this.#bufferUpTo(address + 4 * length), address, length)
  }

  int32(address: number, length: number): Int32Array<SharedArrayBuffer> {
    return new Int32Array(this.#bufferUpTo(address + 4 * length), address, length)
  }

  float64(address: number, length: number): Float64Array<SharedArrayBuffer> {
    return new Float64Array(this.#bufferUpTo(address + 8 * length), address, length)
  }

  /**
   * Allocates the first sufficient gap, and grows the memory if there is none. The region is filled with zeros.
   * @returns the region's address in bytes, a multiple of 64.
   * @throws RangeError when the memory would exceed 4 GiB or the system cannot allocate it.
   */
  reserve(bytes: number): number {
    const units = Math.max(1, Math.ceil(bytes / unit))
    const start = this.#locked((table) => {
      const count = table[countWord] ?? 0
      if (count >= maximumRegions)
        throw new RangeError(`the memory has reached its limit of ${maximumRegions} regions`)
      let candidate = firstRegion / unit
      let index = 0
      for (; index < count; index++) {
        const regionStart = table[firstEntry + 2 * index] ?? 0
        if (regionStart - candidate >= units) break
        candidate = regionStart + (table[firstEntry + 2 * index + 1] ?? 0)
      }
      // One extra unit: vector kernels read past the end of a region and ignore the values.
      const end = (candidate + units + 1) * unit
      const missing = end - this.#bufferUpTo(end).byteLength
      if (missing > 0) {
        this.memory.grow(Math.ceil(missing / pageBytes))
        preferHugePages(this.memory.buffer)
      }
      table.copyWithin(firstEntry + 2 * (index + 1), firstEntry + 2 * index, firstEntry + 2 * count)
      table[firstEntry + 2 * index] = candidate
      table[firstEntry + 2 * index + 1] = units
      table[countWord] = count + 1
      return candidate * unit
    })
    this.int32(start, (units * unit) / 4).fill(0)
    return start
  }

  /** Releases a region. @throws RangeError when no region starts at the address. */
  release(address: number): void {
    this.#locked((table) => {
      const count = table[countWord] ?? 0
      for (let index = 0; index < count; index++) {
        if (table[firstEntry + 2 * index] !== address / unit) continue
        table.copyWithin(firstEntry + 2 * index, firstEntry + 2 * (index + 1), firstEntry + 2 * count)
        table[countWord] = count - 1
        return
      }
      throw new RangeError(`no region starts at ${address}`)
    })
  }

  /** The buffer, refreshed when it is shorter than `end` bytes. */
  #bufferUpTo(end: number): SharedArrayBuffer {
    return this.#buffer.byteLength >= end ? this.#buffer : this.#refresh()
  }

  /** Growing by zero pages refreshes the buffer after another thread has grown the memory, at the cost of a system call. */
  #refresh(): SharedArrayBuffer {
    this.memory.grow(0)
    this.#buffer = this.memory.buffer
    return this.#buffer
  }

  #locked<Result>(work: (table: Int32Array) => Result): Result {
    const table = new Int32Array(this.memory.buffer, tableStart, (constantsStart - tableStart) / 4)
    while (Atomics.compareExchange(table, lockWord, 0, 1) !== 0) Atomics.wait(table, lockWord, 1, 10)
    try {
      return work(table)
    } finally {
      Atomics.store(table, lockWord, 0)
      Atomics.notify(table, lockWord, 1)
    }
  }
}
