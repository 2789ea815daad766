/** The form of an imported model: one file, and fields that are kept as texts. */
import type { MultipartFile } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import { Problem } from '../contract/problems.js'
import type { ModelForm } from '../training/import-model.js'
import { uploadProblem, withUploadProblems } from './upload-files.js'

const maximumFields = 16

/** @param fieldBytes the most bytes of one field: MAXIMUM_BODY_BYTES */
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
  for await (const part of readParts(request, fieldBytes)) {
    if (part.type === 'file') {
      files += 1
      if (files > 1)
        throw new Problem('invalid-request', 'The form has several files: send one model at a time.')
      yield toIncoming(part)
      continue
    }
    const { fieldname: name, value, valueTruncated } = part
    if (valueTruncated) {
      throw new Problem(
        'body-too-large',
        `The field ${shown(name)} is larger than the limit of ${fieldBytes} bytes (MAXIMUM_BODY_BYTES).`,
      )
    }
    if (Object.hasOwn(fields, name))
      throw new Problem('invalid-request', `The form has the field ${shown(name)} twice. Send it once.`)
    fields[name] = String(value)
  }
}

const toIncoming = ({ filename: name, mimetype: contentType, file }: MultipartFile) => {
  return { name, contentType, body: withUploadProblems(file) }
}

async function* readParts(request: FastifyRequest, fieldBytes: number) {
  const parts = request.parts({
    limits: { fileSize: Number.POSITIVE_INFINITY, fieldSize: fieldBytes, fields: maximumFields, files: 2 },
  })
  for (;;) {
    const next = await parts.next().catch((error) => Promise.reject(uploadProblem(error)))
    if (next.done === true) return
    yield next.value
  }
}

const shown = (name: string) => JSON.stringify(name.slice(0, 40))
