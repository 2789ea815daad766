/** Decodes images for predictions in a separate process, which isolates crashes of the decoder. */
import type { ChildProcess } from 'node:child_process'
import { startIsolated } from '../../base/isolated-process.js'
import { Problem, stopping } from '../../contract/problems.js'
import { DatasetError } from '../table.js'
import { isShortage } from './reading-process.js'

/** 1 channel is grey, 3 channels are RGB. */
export interface PictureSize {
  width: number
  height: number
  channels: 1 | 3
}

export interface ToPictureProcess {
  callId: number
  bytes: Uint8Array
  name: string
  size: PictureSize
  imagePixels: number
}

export type FromPictureProcess =
  | { type: 'decoded'; callId: number; pixels: Uint8Array }
  /** The image is invalid. */
  | { type: 'refused'; callId: number; code: DatasetError['code']; message: string }
  /** Another error. */
  | { type: 'failed'; callId: number; message: string }

interface Waiting {
  resolve(pixels: Uint8Array): void
  reject(error: Error): void
}

/** The process ended before its answer. */
class DecoderEnded extends Error {}

const noProcess = (what: string) =>
  new Problem('overloaded', `The process that decodes images ${what}. Retry later.`)

interface DecoderOptions {
  /** The built process; tests run it from the sources. */
  script: URL
  /** The time limit of decoding an image. */
  milliseconds: number
}

/** An image that did not itself exceed the time limit is decoded again, in another process. */
const attempts = 3

export class PictureDecoder {
  #child: ChildProcess | undefined
  #isClosed = false
  #next = 0
  readonly #waiting = new Map<number, Waiting>()
  readonly #options: DecoderOptions

  constructor(
    private readonly imagePixels: number,
    options: Partial<DecoderOptions> = {},
  ) {
    this.#options = {
      script: new URL('./picture.process.js', import.meta.url),
      milliseconds: 10_000,
      ...options,
    }
  }

  /**
   * Decodes an image as [height, width, channels] bytes.
   * @throws DatasetError when the bytes are not a PNG or JPEG, are corrupt, too large, or take too long
   * @throws Problem `overloaded` when the system has no process or memory for it
   */
  async decode(bytes: Uint8Array, name: string, size: PictureSize): Promise<Uint8Array> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#ask({ bytes, name, size, imagePixels: this.imagePixels })
      } catch (error) {
        if (this.#isClosed) throw stopping()
        if (isShortage(error)) throw noProcess(`cannot start: ${String(error)}`)
        if (!(error instanceof DecoderEnded)) throw error
        if (attempt === attempts) throw noProcess(error.message)
      }
    }
  }

  /** Pending and later images reject with Problem `unavailable`. */
  close(): void {
    this.#isClosed = true
    this.#child?.kill('SIGKILL')
  }

  async #ask(task: Omit<ToPictureProcess, 'callId'>): Promise<Uint8Array> {
    if (this.#isClosed) throw stopping()
    const callId = this.#next++
    const child = this.#start()
    const { milliseconds } = this.#options
    let isOverdue = false
    const timeLimit = setTimeout(() => {
      isOverdue = true
      child.kill('SIGKILL')
    }, milliseconds)
    try {
      return await new Promise<Uint8Array>((resolve, reject) => {
        this.#waiting.set(callId, { resolve, reject })
        // The system may have no process for it. Its error comes later.
        if (!child.connected) return
        child.send({ ...task, callId } satisfies ToPictureProcess, (error) => {
          if (error !== null) reject(new DecoderEnded(`ended: ${error.message}`))
        })
      })
    } catch (error) {
      if (!isOverdue) throw error
      throw new DatasetError(
        'invalid-dataset',
        `the image could not be decoded within ${milliseconds / 1_000} seconds`,
      )
    } finally {
      clearTimeout(timeLimit)
      this.#waiting.delete(callId)
    }
  }

  /** Starts the process for the first image and reuses it. */
  #start(): ChildProcess {
    if (this.#child !== undefined) return this.#child
    const child = startIsolated(this.#options.script, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
    child.on('message', (message: FromPictureProcess) => this.#answer(message))
    child.once('error', (error) => this.#forget(child, `cannot start: ${error.message}`))
    child.once('exit', (code, signal) => this.#forget(child, `ended with ${signal ?? code}`))
    this.#child = child
    return child
  }

  #answer(message: FromPictureProcess): void {
    const waiting = this.#waiting.get(message.callId)
    switch (message.type) {
      case 'decoded':
        waiting?.resolve(message.pixels)
        break
      case 'refused':
        waiting?.reject(new DatasetError(message.code, message.message))
        break
      case 'failed':
        waiting?.reject(new Error(message.message))
        break
      default:
        message satisfies never
    }
  }

  #forget(child: ChildProcess, what: string): void {
    if (this.#child !== child) return
    this.#child = undefined
    const error = new DecoderEnded(what)
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
