/** The documents that clients may read. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Document {
  name: string
  text: string
}

/** The Markdown files of a folder. Empty if there is no such folder. */
export function readDocuments(folder: string): Document[] {
  try {
    return readdirSync(folder)
      .filter((file) => file.endsWith('.md'))
      .map((file) => ({ name: file.replace(/\.md$/, ''), text: readFileSync(join(folder, file), 'utf8') }))
  } catch {
    return []
  }
}
