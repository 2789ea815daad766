// Writes the parts of the kernels that follow from the catalogue of operations: `npm run generate`. With `--check`
// nothing is written, and the exit code is 1 if a file differs from the catalogue.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { built } from './built.mjs'
import { assemblyModule } from './generate/assembly.mjs'
import { operationsHeader } from './generate/header.mjs'

const { activationRules, catalogue, enumerations } = await built('src/engine/operations.js')
const { listNames } = await built('src/engine/program.js')
const root = join(import.meta.dirname, '..')
const files = {
  'native/source/operations.h': operationsHeader(catalogue, enumerations, activationRules, listNames),
  'src/engine/kernels/wasm/assembly/generated/operations.ts': assemblyModule(catalogue, enumerations),
}

for (const [name, text] of Object.entries(files)) {
  const path = join(root, name)
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue
  if (process.argv.includes('--check')) {
    console.error(`${name} differs from the catalogue of operations: run npm run generate`)
    process.exitCode = 1
  } else {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
}
