/** The process that writes exported files: what its callers see when it ends, and that it serves the next one. */
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { getPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { lowPriority } from '../../src/base/low-priority.js'
import type { ExportTask } from '../../src/training/ports/export-process.js'
import { exportProcess } from '../support/built.js'
import { linearModel } from '../support/stores.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'descent-exports-'))
})
afterAll(() => rm(folder, { recursive: true }))

const { weights: _, ...model } = linearModel()
const task: ExportTask = {
  format: 'safetensors',
  model: {
    ...model,
    ...{ id: 'mdl_1', loss: 'meanSquaredError', columns: [], classes: null, threshold: null, epoch: null },
  },
  options: { preprocessing: true, names: 'torch' },
  tensors: model.tensors,
  weightBytes: 12,
  rows: [],
}
const weights = Buffer.from(Float32Array.of(2, 3, 1).buffer)
async function* pieces() {
  yield weights.subarray(0, 5)
  yield weights.subarray(5)
}

function open() {
  const opened = exportProcess.openExportProcess('reference')
  onTestFinished(() => opened.close())
  return opened
}

/** The ids of the processes that write exported files for this one. */
function running(): number[] {
  const found = spawnSync('pgrep', ['-P', String(process.pid), '-f', 'export.process.js'], {
    encoding: 'utf8',
  })
  return found.stdout.split('\n').filter(Boolean).map(Number)
}

let files = 0
const nextPath = () => join(folder, String(files++))

it('writes one file after the other in the same process, at a low priority', async () => {
  const { export: write } = open()
  const written: Buffer[] = []
  for (let file = 0; file < 12; file++) {
    const path = nextPath()
    expect(await write(task, pieces(), path)).toMatchObject({ type: 'exported', name: 'mdl_1.safetensors' })
    written.push(await readFile(path))
  }
  expect(new Set(written.map(String)).size).toBe(1)
  expect(written[0].subarray(-12)).toEqual(weights)
  const [child, ...others] = running()
  expect(others).toEqual([])
  expect(getPriority(child)).toBe(lowPriority)
})

it('reports the error of the weights, and writes the next file', async () => {
  const { export: write } = open()
  async function* damaged() {
    yield weights.subarray(0, 5)
    throw new Error('damaged')
  }
  await expect(write(task, damaged(), nextPath())).rejects.toThrow('damaged')
  await expect(write(task, pieces(), nextPath())).resolves.toMatchObject({ type: 'exported' })
})

it('is overloaded when the system ends the process, and writes the next file', async () => {
  const { export: write } = open()
  async function* killed() {
    yield weights.subarray(0, 5)
    for (const child of running()) process.kill(child, 'SIGKILL')
    yield weights.subarray(5)
  }
  await expect(write(task, killed(), nextPath())).rejects.toMatchObject({
    code: 'overloaded',
    detail: expect.stringContaining('ended (SIGKILL)'),
  })
  await expect(write(task, pieces(), nextPath())).resolves.toMatchObject({ type: 'exported' })
})

it('reports an error of writing, and writes the next file', async () => {
  const { export: write } = open()
  await expect(write(task, pieces(), join(folder, 'none', 'file'))).rejects.toThrow('ENOENT')
  await expect(write(task, pieces(), nextPath())).resolves.toMatchObject({ type: 'exported' })
})

it('is unavailable when the service stops, and leaves no process', async () => {
  const { export: write, close } = open()
  async function* closing() {
    yield weights.subarray(0, 5)
    await close()
  }
  await expect(write(task, closing(), nextPath())).rejects.toMatchObject({ code: 'unavailable' })
  await expect(write(task, pieces(), nextPath())).rejects.toMatchObject({ code: 'unavailable' })
  expect(running()).toEqual([])
})
