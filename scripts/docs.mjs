// Writes the reference lists of the documents between their markers, and docs/openapi.json: `npm run docs`. With
// `--check` nothing is written, and the exit code is 1 if a document differs from the code.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { references } from './reference.mjs'

const root = join(import.meta.dirname, '..')
const names = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)]
const files = names.filter((name) => name.endsWith('.md'))
const section = /(<!-- generated:([\w-]+) -->\n)[\s\S]*?(<!-- end -->)/g
const used = new Set()
let differing = 0

function update(name, old, text) {
  if (text === old) return
  differing++
  if (process.argv.includes('--check')) console.error(`${name} differs from the code: run npm run docs`)
  else writeFileSync(join(root, name), text)
}

for (const name of files) {
  const old = readFileSync(join(root, name), 'utf8')
  const lists = new Map()
  for (const [, , reference] of old.matchAll(section)) {
    if (!Object.hasOwn(references, reference)) throw new Error(`${name}: there is no reference ${reference}`)
    lists.set(reference, await references[reference]())
    used.add(reference)
  }
  const text = old.replaceAll(
    section,
    (_, begin, reference, end) => `${begin}\n${lists.get(reference)}\n\n${end}`,
  )
  update(name, old, text)
}

const openApi = JSON.parse(readFileSync(join(root, 'dist/openapi.json'), 'utf8'))
const openApiFile = join(root, 'docs/openapi.json')
const oldOpenApi = existsSync(openApiFile) ? readFileSync(openApiFile, 'utf8') : ''
update('docs/openapi.json', oldOpenApi, `${JSON.stringify(openApi, null, 2)}\n`)

const unused = Object.keys(references).filter((reference) => !used.has(reference))
if (unused.length > 0) console.error(`No document has the references ${unused.join(', ')}`)
process.exitCode = unused.length > 0 || (differing > 0 && process.argv.includes('--check')) ? 1 : 0
