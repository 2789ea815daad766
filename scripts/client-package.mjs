// Writes the package of the client to dist/page/, so that the service serves the client that fits it.
import { execFileSync } from 'node:child_process'
import { renameSync } from 'node:fs'
import { join } from 'node:path'

const folder = 'dist/page'
const pack = [
  'pack',
  './sdk',
  '--json',
  '--ignore-scripts',
  '--no-update-notifier',
  '--pack-destination',
  folder,
]
const output = execFileSync('npm', pack, { encoding: 'utf8', shell: process.platform === 'win32' })
const [{ filename }] = JSON.parse(output)
renameSync(join(folder, filename), join(folder, 'descent-client.tgz'))
