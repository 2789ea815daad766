/** The state of the form for an imported model, and the fields that are sent with its file. */
import type { Problem } from '../api/problem.js'
import type { ModelFile } from './model-file.js'

export interface ImportForm {
  name: string
  /** JSON, here and in `coding`. */
  network: string
  /** Names separated by commas, or a JSON list. */
  columns: string
  targets: string
  classes: string
  loss: string
  coding: string
}

export const emptyImport: ImportForm = {
  name: '',
  network: '',
  columns: '',
  targets: '',
  classes: '',
  loss: '',
  coding: '',
}

export type ImportErrors = Partial<Record<keyof ImportForm, string>>

type Fields = Partial<Record<keyof ImportForm, string>>

/** The fields that are not empty. Their errors are of the text alone; the service checks the rest. */
export function readImport(
  form: ImportForm,
  file: Pick<ModelFile, 'type'>,
): { fields: Fields; errors: ImportErrors } {
  const fields: Fields = {}
  const errors: ImportErrors = {}
  for (const name of ['name', 'loss'] as const) {
    const text = form[name].trim()
    if (text !== '') fields[name] = text
  }
  for (const name of ['columns', 'targets', 'classes'] as const) {
    const text = form[name].trim()
    if (text === '') continue
    const names = readNames(text)
    if (names === null) errors[name] = 'begins with [, but is not a JSON list of names'
    else fields[name] = JSON.stringify(names)
  }
  for (const name of ['network', 'coding'] as const) {
    const text = form[name].trim()
    if (text === '') continue
    const problem = jsonProblem(text)
    if (problem === null) fields[name] = text
    else errors[name] = problem
  }
  if (file.type === 'weights' && form.network.trim() === '') {
    errors.network = 'is needed, because the file has weights only'
  }
  return { fields, errors }
}

/** Null if the text begins as a JSON list, but is none of texts. */
function readNames(text: string): string[] | null {
  if (!text.startsWith('[')) {
    return text
      .split(/[,\n]/)
      .map((name) => name.trim())
      .filter((name) => name !== '')
  }
  try {
    const names: unknown = JSON.parse(text)
    const isList = Array.isArray(names) && names.every((name) => typeof name === 'string')
    return isList ? names : null
  } catch {
    return null
  }
}

function jsonProblem(text: string): string | null {
  try {
    JSON.parse(text)
    return null
  } catch (error) {
    return `is not JSON: ${error instanceof Error ? error.message : error}`
  }
}

/** The messages of a refusal by the field that they point at, and those of no field. */
export function sortErrors(errors: Problem['errors']) {
  const fields: ImportErrors = {}
  const others: string[] = []
  for (const { pointer, message } of errors) {
    const [, name = '', ...rest] = pointer.split('/')
    const place = rest.length === 0 ? '' : `${rest.join('.')}: `
    if (isField(name) && fields[name] === undefined) fields[name] = place + message
    else others.push(isField(name) ? `${name}: ${place}${message}` : message)
  }
  return { fields, others }
}

/** Whether a field shows the detail of a refusal, which may begin with the name of the field. */
export const isAtField = ({ message: detail, errors }: Pick<Problem, 'message' | 'errors'>) =>
  errors.some(({ pointer, message }) => isField(pointer.split('/')[1] ?? '') && detail.endsWith(message))

const isField = (name: string): name is keyof ImportForm => Object.hasOwn(emptyImport, name)
