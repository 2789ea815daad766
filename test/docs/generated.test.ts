/** The reference lists of the documents are those of the code. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { settingGroups } from '../../src/config.js'
import { root } from './documents.js'

const check = (folder: string) =>
  spawnSync(process.execPath, [join(folder, 'scripts/docs.mjs'), '--check'], { encoding: 'utf8' })

it('matches the code', () => {
  const { status, stderr } = check(root)
  expect(stderr).toBe('')
  expect(status).toBe(0)
}, 120_000)

it('reports a list that differs', () => {
  const copy = mkdtempSync(join(tmpdir(), 'descent-test-'))
  onTestFinished(() => rmSync(copy, { recursive: true }))
  for (const name of ['docs', 'scripts', 'test/architecture', 'README.md', 'package.json']) {
    cpSync(join(root, name), join(copy, name), { recursive: true })
  }
  for (const name of ['dist', 'node_modules']) symlinkSync(join(root, name), join(copy, name))
  const path = join(copy, 'docs/operating.md')
  writeFileSync(
    path,
    readFileSync(path, 'utf8').replace('`CHECKPOINT_SECONDS` (5)', '`CHECKPOINT_SECONDS` (6)'),
  )
  const { status, stderr } = check(copy)
  expect(stderr).toContain('docs/operating.md differs from the code')
  expect(status).toBe(1)
}, 120_000)

it('describes every setting', () => {
  const settings = Object.values(settingGroups).flatMap((group) => Object.entries(group))
  expect(settings.length).toBeGreaterThan(40)
  expect(settings.filter(([, schema]) => !schema.description).map(([name]) => name)).toEqual([])
})
