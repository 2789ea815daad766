/** The program of docs/models.md about names and versions, on the built service. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { freshDatabaseOfTest } from '../support/postgres.js'
import { startService } from '../support/service.js'

const text = readFileSync(join(import.meta.dirname, '../../docs/models.md'), 'utf8')

function programOf(section: string): string {
  const [, after = ''] = text.split(`\n## ${section}\n`)
  const [, program] = /^```js\n([\s\S]*?)^```$/m.exec(after) ?? []
  if (program === undefined) throw new Error(`the section ${section} has no program`)
  return program
}

it('moves an alias from one gate to another and back', { timeout: 60_000 }, async () => {
  const service = await startService({ DATABASE_URL: await freshDatabaseOfTest() }, 'dist/src/server.js')
  onTestFinished(async () => void (await service.stop()))
  const program = programOf('Names and versions').replace('http://127.0.0.1:3000', service.url)
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
    timeout: 30_000,
  })
  expect([stderr, status]).toEqual(['', 0])
  // Of 1, 1: 0 by XOR, which is version 2.
  expect(stdout.trim().split('\n')).toEqual(['2 [ 0 ]', '1', "[ 'rolledBack 1', 'moved 2', 'created 1' ]"])
})
