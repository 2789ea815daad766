/** The documents of the repository: Markdown files by their path. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '../..')

export const documentNames = [
  'README.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'native/README.md',
  'sdk/README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name.replaceAll('\\', '/')}`),
]

export const readDocument = (name: string) => readFileSync(join(root, name), 'utf8')

/** Without fenced blocks. */
export const proseOf = (text: string) => text.replaceAll(/^```[\s\S]*?^```/gm, '')
