/** A thread that answers calls. It starts at the first call, and again after its death, until it is closed. */
import { Worker, type WorkerOptions } from 'node:worker_threads'
import { stopping } from '../contract/problems.js'

interface Failed {
  type: 'failed'
  callId: number
  message: string
}

type Answer = { type: string; callId: number }

interface PendingCall<From> {
  resolve(answer: From): void
  reject(error: Error): void
}

/** The answer, if it has one of the types. @throws Error for another, which is a defect of the thread */
export function requireAnswer<From extends Answer, Type extends From['type']>(
  answer: From,
  ...types: readonly [Type, ...Type[]]
): Extract<From, { type: Type }> {
  if (hasType(answer, types)) return answer
  throw new Error(`requested ${types[0]}, got ${answer.type}`)
}

function hasType<From extends Answer, Type extends From['type']>(
  answer: From,
  types: readonly Type[],
): answer is Extract<From, { type: Type }> {
  return types.some((type) => type === answer.type)
}

export class CallableThread<To, From extends Answer> {
  #worker: Worker | undefined
  #isClosed = false
  #nextCallId = 0
  readonly #pending = new Map<number, PendingCall<From>>()
  readonly #onEnd: (() => void)[] = []

  /** @param program the path of its file, relative to this folder */
  constructor(
    private readonly program: string,
    private readonly options: Pick<WorkerOptions, 'resourceLimits' | 'workerData'> = {},
  ) {}

  /** Calls `listener` after the death of the thread, which loses its state. */
  onEnd(listener: () => void): void {
    this.#onEnd.push(listener)
  }

  /** Sends a message without an answer. */
  post(message: To, transfer: ArrayBuffer[] = []): void {
    if (this.#isClosed) return
    this.#worker ??= this.#start()
    this.#worker.postMessage(message, transfer)
  }

  /** Rejects if the call fails, or if the thread dies before it has answered. */
  call(order: (callId: number) => To, transfer: ArrayBuffer[] = []): Promise<From> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) throw stopping()
      const callId = this.#nextCallId++
      this.post(order(callId), transfer)
      this.#pending.set(callId, { resolve, reject })
    })
  }

  /** Ends the thread with its pending calls. The next call starts another one. */
  async terminate(): Promise<void> {
    await this.#worker?.terminate()
  }

  /** Ends the thread. Pending and later calls reject with Problem `unavailable`, because the service stops. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.terminate()
  }

  /** Why calls reject after the end of the thread. */
  endReason(): Error {
    return this.#isClosed ? stopping() : new Error('the thread ended')
  }

  #start(): Worker {
    const worker = new Worker(new URL(this.program, import.meta.url), this.options)
    worker.on('message', (message: From | Failed) => {
      const call = this.#pending.get(message.callId)
      this.#pending.delete(message.callId)
      if (isFailed(message)) call?.reject(new Error(message.message))
      else call?.resolve(message)
    })
    const end = (error: Error) => {
      if (this.#worker !== worker) return
      this.#worker = undefined
      for (const listener of this.#onEnd) listener()
      for (const call of this.#pending.values()) call.reject(error)
      this.#pending.clear()
    }
    worker.on('error', end)
    worker.on('exit', () => end(this.endReason()))
    return worker
  }
}

const isFailed = (message: Answer | Failed): message is Failed => message.type === 'failed'

/** The buffers that belong to one chunk alone. They are transferred instead of copied. */
export function ownBuffers(chunks: readonly (Uint8Array | Float64Array)[]): ArrayBuffer[] {
  return chunks.flatMap(({ buffer, byteLength }) =>
    buffer instanceof ArrayBuffer && byteLength === buffer.byteLength ? [buffer] : [],
  )
}
