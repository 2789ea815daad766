/** Files to send, with progress. */
import type { CallOptions } from './routes.js'
import type { Call } from './transport.js'
import { sendWithProgress } from './xhr.js'

/** What can be sent as a file. Several files are sent as one form. */
export type UploadSource =
  | Blob
  | Uint8Array
  | string
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array | string>
  | readonly File[]

export interface UploadOptions extends CallOptions {
  /** Default: the type of the `Blob`, or the service recognizes the content. */
  contentType?: string
  /** Called while the file is sent. */
  onProgress?: (progress: UploadProgress) => void
}

export interface UploadProgress {
  sentBytes: number
  /** Undefined for a stream. */
  totalBytes: number | undefined
}

const defaultTimeout = 660_000
const binary = 'application/octet-stream'

/** The call that sends the source. A stream is read once, so it is not repeated. */
export async function uploadCall(
  source: UploadSource | FormData,
  { contentType, onProgress, headers, ...options }: UploadOptions,
): Promise<Call> {
  const content = await contentOf(source)
  const type = contentType ?? (content instanceof Blob && content.type !== '' ? content.type : binary)
  const call: Call = { timeout: defaultTimeout, ...options, headers: { 'content-type': type, ...headers } }
  if (content instanceof Blob) {
    if (onProgress === undefined) return { ...call, body: content }
    if (hasXhr()) return { ...call, body: content, fetch: sendWithProgress(onProgress) }
    const makeBody = () => counted(content.stream(), content.size, onProgress, options.signal)
    return { ...call, makeBody }
  }
  return {
    ...call,
    retries: 0,
    makeBody: () => counted(content, undefined, onProgress ?? (() => {}), options.signal),
  }
}

/** A page cannot stream a body, and only XMLHttpRequest reports the progress there. */
const hasXhr = () => 'XMLHttpRequest' in globalThis

type Content = Blob | ReadableStream<Uint8Array>

async function contentOf(source: UploadSource | FormData): Promise<Content> {
  if (source instanceof Blob) return source
  if (typeof source === 'string') return new Blob([source])
  // A copy, because the bytes may be a view of shared memory.
  if (source instanceof Uint8Array) return new Blob([new Uint8Array(source)])
  if (source instanceof FormData) return new Response(source).blob()
  if (isFiles(source)) return new Response(formOf(source)).blob()
  const stream = source instanceof ReadableStream ? source : streamOf(source)
  return hasXhr() ? new Response(stream).blob() : stream
}

const isFiles = (source: object): source is readonly File[] => Array.isArray(source)

function formOf(files: readonly File[]): FormData {
  const form = new FormData()
  for (const file of files) form.append('file', file)
  return form
}

/** `ReadableStream.from`, which not all browsers have. */
function streamOf(source: AsyncIterable<Uint8Array | string>): ReadableStream<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]()
  const encoder = new TextEncoder()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next()
      if (done) controller.close()
      else controller.enqueue(typeof value === 'string' ? encoder.encode(value) : value)
    },
    async cancel() {
      await iterator.return?.()
    },
  })
}

function counted(
  stream: ReadableStream<Uint8Array>,
  totalBytes: number | undefined,
  onProgress: (progress: UploadProgress) => void,
  signal: AbortSignal | undefined,
): ReadableStream<Uint8Array> {
  let sentBytes = 0
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      sentBytes += chunk.byteLength
      controller.enqueue(chunk)
      onProgress({ sentBytes, totalBytes })
    },
  })
  // With the signal, an aborted call also cancels the source.
  return stream.pipeThrough(counter, { signal })
}
