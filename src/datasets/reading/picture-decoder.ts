/** Decodes images for predictions in a separate process, which isolates crashes of the decoder. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { DatasetError } from '../table.js'

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

/** The time limit of decoding an image. */
const decodingMilliseconds = 10_000

export class PictureDecoder {
  #child: ChildProcess | undefined
  #next = 0
  readonly #waiting = new Map<number, Waiting>()

  /** @param script the built process; tests run it from the sources */
  constructor(
    private readonly imagePixels: number,
    private readonly script = new URL('./picture.process.js', import.meta.url),
  ) {}

  /**
   * Decodes an image as [height, width, channels] bytes.
   * @throws DatasetError when the bytes are not a PNG or JPEG, are corrupt, too large, or take too long
   */
  async decode(bytes: Uint8Array, name: string, size: PictureSize): Promise<Uint8Array> {
    const callId = this.#next++
    const child = this.#start()
    const timeLimit = setTimeout(() => child.kill('SIGKILL'), decodingMilliseconds)
    try {
      return await new Promise<Uint8Array>((resolve, reject) => {
        this.#waiting.set(callId, { resolve, reject })
        const message: ToPictureProcess = { callId, bytes, name, size, imagePixels: this.imagePixels }
        child.send(message, (error) => {
          if (error !== null) reject(error)
        })
      })
    } finally {
      clearTimeout(timeLimit)
      this.#waiting.delete(callId)
    }
  }

  close(): void {
    this.#child?.kill('SIGKILL')
  }

  /** Starts the process for the first image and reuses it. */
  #start(): ChildProcess {
    if (this.#child !== undefined) return this.#child
    const child = fork(fileURLToPath(this.script), {
      // Empty, because the environment of the service has the address of its database.
      env: {},
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    child.on('message', (message: FromPictureProcess) => this.#answer(message))
    child.once('error', () => this.#forget(child))
    child.once('exit', () => this.#forget(child))
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

  #forget(child: ChildProcess): void {
    if (this.#child !== child) return
    this.#child = undefined
    const message = `the image could not be decoded within ${decodingMilliseconds / 1_000} seconds`
    for (const { reject } of this.#waiting.values()) reject(new DatasetError('invalid-dataset', message))
    this.#waiting.clear()
  }
}
