/**
 * One shared memory for a dataset and the arenas of the trainings on it: a shared WebAssembly.Memory, which the
 * reference backend reads as a SharedArrayBuffer and the WASM backend as its own memory, so nothing is copied.
 *
 * Bytes 0 … 1023 stay zero. 1024 … 32767: the table of regions. 32768 … 65535: constant data of backends, the same
 * for every instance over the memory. From 65536: regions, in order of address, each a multiple of 64 bytes; a region
 * given back is used again, so the memory does not grow with the number of trainings that ran one after another.
 */
import { preferHugePages } from './kernels/native/addon.js'

const tableStart = 1024
const firstRegion = 65_536
const pageBytes = 65_536
/** 4 GiB: all that 32-bit addresses reach. */
const maximumPages = 65_536

/** Words of the table: lock, number of regions, then [start, length] in units of 64 bytes for each region in use. */
const lockWord = 0
const countWord = 1
const firstEntry = 2
const maximumRegions = 3_900
const unit = 64

/** Backends may place constant data from here to the first region. */
export const constantsStart = 32_768

/** What another thread needs to use the same memory; structured clone shares it. */
export interface MemoryHandle {
  readonly memory: WebAssembly.Memory
}

export class SharedMemory {
  /** As long as the memory was when this side last looked; other threads may have let it grow. */
  #known: SharedArrayBuffer

  private constructor(readonly memory: WebAssembly.Memory) {
    this.#known = memory.buffer
  }

  /**
   * A new memory with room for `bytes` of regions to begin with.
   * @throws RangeError when the system cannot give so much.
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
    return new Float32Array(this.#upTo(address + 4 * length), address, length)
  }

  int32(address: number, length: number): Int32Array<SharedArrayBuffer> {
    return new Int32Array(this.#upTo(address + 4 * length), address, length)
  }

  float64(address: number, length: number): Float64Array<SharedArrayBuffer> {
    return new Float64Array(this.#upTo(address + 8 * length), address, length)
  }

  /**
   * Takes the first gap that is long enough, growing the memory if there is none. The region is filled with zeros.
   * @returns the region's address in bytes, a multiple of 64.
   * @throws RangeError when the memory would exceed 4 GiB or the system refuses.
   */
  reserve(bytes: number): number {
    const wanted = Math.max(1, Math.ceil(bytes / unit))
    const start = this.#locked((table) => {
      const count = table[countWord] ?? 0
      if (count >= maximumRegions) throw new RangeError(`more than ${maximumRegions} regions in one memory`)
      let begin = firstRegion / unit
      let place = 0
      for (; place < count; place++) {
        const regionStart = table[firstEntry + 2 * place] ?? 0
        if (regionStart - begin >= wanted) break
        begin = regionStart + (table[firstEntry + 2 * place + 1] ?? 0)
      }
      // One unit more than is asked for: vector kernels read, and ignore, a little behind the last region.
      const end = (begin + wanted + 1) * unit
      const missing = end - this.#upTo(end).byteLength
      if (missing > 0) {
        this.memory.grow(Math.ceil(missing / pageBytes))
        preferHugePages(this.memory.buffer)
      }
      table.copyWithin(firstEntry + 2 * (place + 1), firstEntry + 2 * place, firstEntry + 2 * count)
      table[firstEntry + 2 * place] = begin
      table[firstEntry + 2 * place + 1] = wanted
      table[countWord] = count + 1
      return begin * unit
    })
    this.int32(start, (wanted * unit) / 4).fill(0)
    return start
  }

  /** Gives a region back. @throws RangeError when no region begins at the address. */
  release(address: number): void {
    this.#locked((table) => {
      const count = table[countWord] ?? 0
      for (let place = 0; place < count; place++) {
        if (table[firstEntry + 2 * place] !== address / unit) continue
        table.copyWithin(firstEntry + 2 * place, firstEntry + 2 * (place + 1), firstEntry + 2 * count)
        table[countWord] = count - 1
        return
      }
      throw new RangeError(`no region begins at ${address}`)
    })
  }

  /** A view that reaches so far, if the memory does. */
  #upTo(end: number): SharedArrayBuffer {
    return this.#known.byteLength >= end ? this.#known : this.#refresh()
  }

  /** Growing by nothing refreshes a view of the memory that another thread has grown; it is a call to the system. */
  #refresh(): SharedArrayBuffer {
    this.memory.grow(0)
    this.#known = this.memory.buffer
    return this.#known
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
