/** The fixtures are what their generator writes, where PyTorch 1.13 is installed. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { importModel } from '../../src/imports/import-model.js'
import { fixtureFile, fixtures, largestDifference } from './fixtures.js'

const python = ['python3', '/usr/bin/python3'].find((each) => {
  const { status, stdout } = spawnSync(each, ['-c', 'import torch; print(torch.__version__)'], {
    encoding: 'utf8',
  })
  return status === 0 && stdout.startsWith('1.13')
})
if (python === undefined) console.warn('No Python with PyTorch 1.13: the fixtures are not written again.')

test.skipIf(python === undefined)('models of PyTorch are written and imported', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'descent-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const generator = fileURLToPath(new URL('../fixtures/imports/generate.py', import.meta.url))
  const { status, stderr } = spawnSync(python ?? '', [generator, folder], { encoding: 'utf8' })
  expect(status, stderr).toBe(0)
  for (const each of fixtures) {
    const state = readFileSync(join(folder, `${each.name}.safetensors`))
    expect(state.equals(fixtureFile(`${each.name}.safetensors`)), each.name).toBe(true)
    const exported = importModel(readFileSync(join(folder, `${each.name}.onnx`)), {})
    expect(largestDifference(exported, each)).toBeLessThan(1e-5)
  }
})
