/** Files without a name. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { UnnamedFile } from '../../src/base/unnamed-file.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'descent-unnamed-'))
})
afterAll(() => rm(folder, { recursive: true }))

it('can be read by its process several times, and leave nothing in the folder', async () => {
  const bytes = Uint8Array.from({ length: 200_000 }, (_, index) => index % 251)
  const { file, filled } = await UnnamedFile.create(async (path) => {
    await writeFile(path, bytes)
    return 'filled'
  }, folder)
  expect(filled).toBe('filled')
  expect(await readdir(folder)).toEqual([])
  expect(file.bytes).toBe(200_000)
  for (let reader = 0; reader < 2; reader++) {
    expect((await buffer(file.read())).equals(bytes)).toBe(true)
  }
  await file.close()
})

it('leave nothing in the folder if they cannot be filled, or are not', async () => {
  const fail = async (path: string) => {
    await writeFile(path, 'half')
    throw new Error('the disk is full')
  }
  await expect(UnnamedFile.create(fail, folder)).rejects.toThrow('the disk is full')
  await expect(UnnamedFile.create(async () => {}, folder)).rejects.toMatchObject({ code: 'ENOENT' })
  expect(await readdir(folder)).toEqual([])
})
