// Imports each file of a folder by the built code, and prints the time, the growth of memory, and the outcome as JSON.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [dist, folder, network] = process.argv.slice(2)
const { importModel } = await import(pathToFileURL(join(dist, 'src/imports/import-model.js')).href)

const peak = () => process.resourceUsage().maxRSS / 1024

function attempt(file, fields) {
  const start = performance.now()
  const cpu = process.cpuUsage()
  let outcome = 'imported'
  let message = ''
  try {
    importModel(file, fields)
  } catch (error) {
    outcome = error.code === 'invalid-model' ? 'refused' : 'crashed'
    message = String(error.stack).slice(0, 600)
  }
  // The shorter of both: other programs slow the clock, and compilation in the background adds CPU time.
  const { user, system } = process.cpuUsage(cpu)
  return { outcome, message, milliseconds: Math.min(performance.now() - start, (user + system) / 1_000) }
}

// The first imports compile the code and load the schema. Files named `0-…` are valid.
const names = readdirSync(folder).toSorted()
const results = []
for (const name of names) {
  const file = readFileSync(join(folder, name))
  const fields = name.includes('.onnx') ? {} : { network: JSON.parse(network) }
  const before = peak()
  let result = attempt(file, fields)
  const megabytes = peak() - before
  // Garbage of the files before is collected during one attempt only.
  if (result.milliseconds > 50) {
    const again = attempt(file, fields)
    if (again.milliseconds < result.milliseconds) result = again
  }
  results.push({ name, ...result, megabytes })
}
console.log(JSON.stringify(results))
