/** Imports of several tenants. */
import { Readable } from 'node:stream'
import { expect, it, onTestFinished, vi } from 'vitest'
import { SpoolSpace } from '../../src/datasets/reading/spool-space.js'
import { unlimited } from '../../src/store/tenant-limits.js'
import { modelImporter } from '../../src/training/import-model.js'
import type { ImportResult } from '../../src/training/ports/import-thread.js'

const refused: ImportResult = { type: 'refused', code: 'invalid-model', detail: 'no model', errors: [] }
const signal = new AbortController().signal

async function* oneFile() {
  yield { name: 'model.onnx', contentType: undefined, body: Readable.from([Buffer.of(1)]) }
}

it('wait for the longest reading of the file of another tenant', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const readings: (() => void)[] = []
  const thread = {
    read: () => new Promise<ImportResult>((resolve) => readings.push(() => resolve(refused))),
  }
  const limits = { modelBytes: 1_000, uploadSeconds: 60, readingSeconds: 120 }
  const importer = modelImporter(thread, limits, new SpoolSpace())
  const create = () => Promise.reject(new Error('no model is created'))
  const importOf = (tenantId: string) =>
    importer
      .receive(
        { tenantId, limits: { settings: unlimited, own: {} } },
        { files: oneFile(), fields: {} },
        signal,
        ({ store }) => store({ create }, undefined),
      )
      .catch((error: unknown) => error)
  const first = importOf('blue')
  await vi.waitFor(() => expect(readings).toHaveLength(1))
  const second = importOf('green')
  const waiting = vi.fn()
  void second.then(waiting)
  await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1))
  await vi.advanceTimersByTimeAsync(119_000)
  expect(waiting).not.toHaveBeenCalled()
  readings[0]()
  await vi.waitFor(() => expect(readings).toHaveLength(2))
  readings[1]()
  expect(await Promise.all([first, second])).toEqual([
    expect.objectContaining({ code: 'invalid-model' }),
    expect.objectContaining({ code: 'invalid-model' }),
  ])
})
