#!/usr/bin/env node
// The command `descent`, as npx runs it. Builds first in a fresh clone.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const main = new URL('../dist/cli/main.js', import.meta.url)
if (!existsSync(main)) {
  console.error('Building Descent once …')
  const build = fileURLToPath(new URL('build.mjs', import.meta.url))
  // The output of the build is not that of the command.
  const { status } = spawnSync(process.execPath, [build], { stdio: ['ignore', 2, 2] })
  if (status !== 0) process.exit(1)
}
await import(main.href)
