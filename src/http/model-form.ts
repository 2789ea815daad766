/** The form of an imported model: one file, and fields that are kept as texts. */
import type { MultipartFile } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import { ByteCollector } from '../base/byte-collector.js'
import { Problem } from '../contract/problems.js'
import type { ModelForm } from '../training/import-model.js'
import { requirePrincipal } from './principal.js'
import { uploadProblem, withUploadProblems } from './upload-files.js'

const maximumFields = 16

interface Part extends Pick<MultipartFile, 'fieldname' | 'filename' | 'mimetype'> {
  body: AsyncIterable<Uint8Array>
}

/** @param fieldBytes the most bytes of all fields, which are in memory: MAXIMUM_BODY_BYTES */
export function readModelForm(request: FastifyRequest, fieldBytes: number): ModelForm {
  const fields: Record<string, string> = {}
  return { fields, files: readFiles(request, fieldBytes, fields) }
}

async function* readFiles(
  request: FastifyRequest,
  fieldBytes: number,
  fields: Record<string, string>,
): ModelForm['files'] {
  let files = 0
  // Texts have up to two bytes for each byte of a field. A form that stays unfinished has none.
  const received = new Map<string, Buffer>()
  const left = { bytes: fieldBytes }
  for await (const part of readParts(request)) {
    if (isFile(part)) {
      files += 1
      if (files > 1)
        throw new Problem('invalid-request', 'The form has several files: send one model at a time.')
      yield toIncoming(part)
      continue
    }
    const { fieldname: name } = part
    if (received.size === maximumFields)
      throw new Problem('invalid-request', `The form has more than ${maximumFields} fields, the limit.`)
    if (received.has(name))
      throw new Problem('invalid-request', `The form has the field ${shown(name)} twice. Send it once.`)
    received.set(name, await readField(part, fieldBytes, left))
  }
  for (const [name, bytes] of received) fields[name] = bytes.toString()
}

/** @param left what the fields before it left of the limit */
async function readField(
  { fieldname: name, body }: Part,
  fieldBytes: number,
  left: { bytes: number },
): Promise<Buffer> {
  const field = new ByteCollector()
  for await (const piece of body) {
    left.bytes -= piece.length
    if (left.bytes < 0) {
      throw new Problem(
        'body-too-large',
        `The fields up to ${shown(name)} have more than ${fieldBytes} bytes, the limit for all fields of a form ` +
          '(MAXIMUM_BODY_BYTES).',
      )
    }
    field.add(piece)
  }
  return field.take()
}

const isFile = ({ filename, mimetype }: Part) =>
  filename !== undefined || mimetype === 'application/octet-stream'

const toIncoming = ({ filename: name, mimetype: contentType, body }: Part) => ({ name, contentType, body })

/** Also fields are streams. The parser would keep a whole field as pieces of text before it reports it. */
async function* readParts(request: FastifyRequest): AsyncGenerator<Part> {
  const { tenantId } = requirePrincipal(request)
  const parts = request.files({
    isPartAFile: () => true,
    limits: { fileSize: Number.POSITIVE_INFINITY, files: maximumFields + 3 },
  })
  for (;;) {
    const next = await parts.next().catch((error) => Promise.reject(uploadProblem(error)))
    if (next.done === true) return
    const { fieldname, filename, mimetype, file } = next.value
    yield { fieldname, filename, mimetype, body: withUploadProblems(file, tenantId) }
  }
}

const shown = (name: string) => JSON.stringify(name.slice(0, 40))
