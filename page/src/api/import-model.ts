/** Sends the file of a model. Uses XMLHttpRequest, because fetch does not report the progress of an upload. */
import type { paths } from '../../../sdk/src/generated/api.js'
import { ApiError, parseError, unreachable } from './client.js'
import { currentKey } from './key.js'
import type { Success } from './types.js'

type Imported = Success<paths['/models']['post']>

interface Options {
  signal: AbortSignal
  /** @param share of the bytes that are sent, from 0 to 1 */
  onProgress(share: number): void
}

/** @throws ApiError; with the code `cancelled` after the signal */
export function importModel(
  file: File,
  fields: Readonly<Record<string, string>>,
  { signal, onProgress }: Options,
): Promise<Imported> {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  form.append('file', file)
  const request = new XMLHttpRequest()
  request.open('POST', '/models')
  request.setRequestHeader('accept', 'application/json')
  const key = currentKey()
  if (key !== undefined) request.setRequestHeader('authorization', `Bearer ${key}`)
  return new Promise((resolve, reject) => {
    request.upload.onprogress = ({ loaded, total }) => onProgress(loaded / total)
    request.onload = () => {
      if (request.status === 201) resolve(JSON.parse(request.responseText))
      else reject(parseError(request.status, request.responseText))
    }
    request.onerror = () => reject(unreachable())
    request.onabort = () => reject(new ApiError(0, 'cancelled', 'The import was cancelled.'))
    signal.addEventListener('abort', () => request.abort(), { once: true })
    request.send(form)
  })
}
