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
  const isSentAlone = onProgress === undefined || hasXhr()
  const progress = onProgress === undefined ? {} : { fetch: sendWithProgress(onProgress) }
  const call: Call = { timeout: defaultTimeout, ...options }
  // `fetch` adds the type of a form, which has the boundary of its parts.
  if (content instanceof FormData && isSentAlone) return { ...call, headers, body: content, ...progress }
  const file = content instanceof FormData ? await new Response(content).blob() : content
  const type = contentType ?? (file instanceof Blob && file.type !== '' ? file.type : binary)
  const typed = { ...call, headers: { 'content-type': type, ...headers } }
  if (file instanceof Blob) {
    if (isSentAlone) return { ...typed, body: file, ...progress }
    return { ...typed, makeBody: () => counted(file.stream(), file.size, onProgress, options.signal) }
  }
  const report = onProgress ?? (() => {})
  return { ...typed, retries: 0, makeBody: () => counted(file, undefined, report, options.signal) }
}

/** A page cannot stream a body, and only XMLHttpRequest reports the progress there. */
const hasXhr = () => 'XMLHttpRequest' in globalThis

type Content = Blob | FormData | ReadableStream<Uint8Array>

async function contentOf(source: UploadSource | FormData): Promise<Content> {
  if (source instanceof Blob || source instanceof FormData) return source
  if (typeof source === 'string') return new Blob([source])
  // A copy, because the bytes may be a view of shared memory.
  if (source instanceof Uint8Array) return new Blob([new Uint8Array(source)])
  if (isFiles(source)) return formOf(source)
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
