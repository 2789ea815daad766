/** The generated parts of the kernels follow from the catalogue of operations. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { catalogue, enumerations } from '../../src/engine/operations.js'

const root = join(import.meta.dirname, '../..')
const header = 'native/source/operations.h'
const check = (folder: string) =>
  spawnSync(process.execPath, [join(folder, 'scripts/generate.mjs'), '--check'], { encoding: 'utf8' })

test('the files are those of a fresh generation', () => {
  const { status, stderr } = check(root)
  expect(stderr).toBe('')
  expect(status).toBe(0)
})

test('a file that differs is named', () => {
  const copy = mkdtempSync(join(tmpdir(), 'descent-test-'))
  onTestFinished(() => rmSync(copy, { recursive: true }))
  for (const name of ['scripts', header, 'src/engine/kernels/wasm/assembly/generated', 'package.json']) {
    cpSync(join(root, name), join(copy, name), { recursive: true })
  }
  for (const name of ['dist', 'node_modules']) symlinkSync(join(root, name), join(copy, name))
  const path = join(copy, header)
  writeFileSync(path, readFileSync(path, 'utf8').replace('sgdUpdate = 25', 'sgdUpdate = 24'))
  const { status, stderr } = check(copy)
  expect(stderr).toBe(`${header} differs from the catalogue of operations: run npm run generate\n`)
  expect(status).toBe(1)
})

test('codes are unique and never change', () => {
  const codes = Object.values(catalogue).map(({ code }) => code)
  expect(new Set(codes).size).toBe(codes.length)
  for (const members of Object.values(enumerations)) {
    expect(Object.values(members)).toEqual(Object.values(members).map((_, index) => index))
  }
})
