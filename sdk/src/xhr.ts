/** `fetch` by XMLHttpRequest, which reports the progress of an upload in browsers. */
import type { UploadProgress } from './upload.js'

/** The part of XMLHttpRequest that is used, so that the types of browsers are not needed. */
interface Xhr {
  status: number
  response: unknown
  responseType: string
  upload: {
    addEventListener(type: 'progress', listener: (event: { loaded: number; total: number }) => void): void
  }
  addEventListener(type: 'load' | 'error' | 'abort', listener: () => void): void
  open(method: string, url: string): void
  setRequestHeader(name: string, value: string): void
  getAllResponseHeaders(): string
  send(body: unknown): void
  abort(): void
}

export function sendWithProgress(onProgress: (progress: UploadProgress) => void): typeof fetch {
  return (url, { method = 'GET', headers, body, signal } = {}) => {
    const Request: new () => Xhr = Reflect.get(globalThis, 'XMLHttpRequest')
    const request = new Request()
    request.open(method, String(url))
    request.responseType = 'arraybuffer'
    for (const [name, value] of new Headers(headers)) request.setRequestHeader(name, value)
    return new Promise((resolve, reject) => {
      request.upload.addEventListener('progress', ({ loaded, total }) =>
        onProgress({ sentBytes: loaded, totalBytes: total }),
      )
      request.addEventListener('load', () => resolve(responseOf(request)))
      request.addEventListener('error', () => reject(new TypeError('the connection was cut')))
      request.addEventListener('abort', () => reject(signal?.reason))
      signal?.addEventListener('abort', () => request.abort(), { once: true })
      request.send(body)
    })
  }
}

function responseOf(request: Xhr): Response {
  const headers = request
    .getAllResponseHeaders()
    .split('\r\n')
    .filter((line) => line.includes(':'))
    .map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)])
  const body = request.response instanceof ArrayBuffer && request.status !== 204 ? request.response : null
  return new Response(body, { status: request.status, headers })
}
