import type { ProblemCode, ProblemItem } from '../../contract/problems.js'
import type { ImportedModel } from '../../imports/build-model.js'

export interface FileToImport {
  /** Of the spooled file. */
  path: string
  /** Texts of the form by the name of their field. */
  fields: Readonly<Record<string, string>>
}

export type ImportResult =
  | { type: 'imported'; model: ImportedModel }
  /** What is wrong with the fields or the file. */
  | { type: 'refused'; code: ProblemCode; detail: string; errors: ProblemItem[] }

/** A thread that reads one untrusted model file at a time. */
export interface ImportThread {
  read(file: FileToImport, signal: AbortSignal): Promise<ImportResult>
}
