/** Pictures that models are asked about, decoded in a process of their own: what they do to a decoder stays there. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { DatasetError } from '../table.js'

/** 1: grey, 3: red, green and blue. */
export interface PictureSize {
  width: number
  height: number
  channels: 1 | 3
}

export interface ToPictureProcess {
  question: number
  bytes: Uint8Array
  name: string
  size: PictureSize
  imagePixels: number
}

export type FromPictureProcess =
  | { type: 'decoded'; question: number; pixels: Uint8Array }
  /** The picture is at fault. */
  | { type: 'refused'; question: number; code: DatasetError['code']; message: string }
  /** We or the machine are. */
  | { type: 'failed'; question: number; message: string }

interface Waiting {
  resolve(pixels: Uint8Array): void
  reject(error: Error): void
}

/** A picture that takes longer is none that anybody means. */
const decodingMilliseconds = 10_000

export class PictureDecoder {
  #child: ChildProcess | undefined
  #next = 0
  readonly #waiting = new Map<number, Waiting>()

  /** `script` is the process as built; tests, which run from the sources, name it. */
  constructor(
    private readonly imagePixels: number,
    private readonly script = new URL('./picture.process.js', import.meta.url),
  ) {}

  /**
   * height × width × channels bytes, row by row, the channels of a pixel side by side.
   * @throws DatasetError when the bytes are no PNG or JPEG, are broken, too large, or take too long
   */
  async decode(bytes: Uint8Array, name: string, size: PictureSize): Promise<Uint8Array> {
    const question = this.#next++
    const child = this.#started()
    const timeLimit = setTimeout(() => child.kill('SIGKILL'), decodingMilliseconds)
    try {
      return await new Promise<Uint8Array>((resolve, reject) => {
        this.#waiting.set(question, { resolve, reject })
        const message: ToPictureProcess = { question, bytes, name, size, imagePixels: this.imagePixels }
        child.send(message, (error) => {
          if (error !== null) reject(error)
        })
      })
    } finally {
      clearTimeout(timeLimit)
      this.#waiting.delete(question)
    }
  }

  close(): void {
    this.#child?.kill('SIGKILL')
  }

  /** The process of the first picture stays for the next ones. */
  #started(): ChildProcess {
    if (this.#child !== undefined) return this.#child
    const child = fork(fileURLToPath(this.script), {
      // Nothing of the service's environment, which has the way to its database in it.
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
    const waiting = this.#waiting.get(message.question)
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
    const message = `the picture could not be decoded within ${decodingMilliseconds / 1_000} seconds`
    for (const { reject } of this.#waiting.values()) reject(new DatasetError('invalid-dataset', message))
    this.#waiting.clear()
  }
}
