/** The fields of the form of an imported model. */
import { jsonFields, type ModelImport, modelImportSchema } from '../contract/model-import.js'
import { Problem } from '../contract/problems.js'
import { parseJson } from './parse-json.js'
import { validate } from './validate.js'

/** Texts by the name of their field. */
type FormFields = Readonly<Record<string, string>>

/** @throws Problem `malformed-json`, `too-deep` or `invalid-request` that names the field */
export function parseImportFields(fields: FormFields): ModelImport {
  const entries = Object.entries(fields).map(([name, text]) => {
    return [name, jsonFields.some((each) => each === name) ? parseField(name, text) : text] as const
  })
  return validate<ModelImport>(modelImportSchema, Object.fromEntries(entries), 'form')
}

function parseField(name: string, text: string): unknown {
  try {
    return parseJson(Buffer.from(text))
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const message = error.detail.replace('The body', `The field ${name}`)
    throw new Problem(error.code, message, [{ pointer: `/${name}`, message }])
  }
}
