/**
 * Runs cases in the format of the PyTorch fixtures: `npm run -s case -- FILE... [--backend reference|wasm|native|auto]`.
 * Prints one JSON line each: {"name","backend","epochLosses","firstBatchGradient","finalWeights","finalState","predictionsOfFirst8Rows"}.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { parseCase, runCase } from './case-format.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { backend: { type: 'string', default: 'auto' } },
})
const backend = values.backend
if (backend !== 'reference' && backend !== 'wasm' && backend !== 'native' && backend !== 'auto') {
  throw new Error(`--backend is reference, wasm, native or auto, not ${backend}`)
}
if (positionals.length === 0) throw new Error('pass at least one file with a case')
for (const file of positionals) {
  console.log(JSON.stringify(runCase(parseCase(readFileSync(file, 'utf8')), backend)))
}
