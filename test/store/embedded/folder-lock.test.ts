import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { FolderInUseError, lockFolder } from '../../../src/store/embedded/folder-lock.js'
import { processBirth } from '../../../src/store/embedded/process-birth.js'

let folder: string
let lockFile: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'descent-lock-'))
  lockFile = join(folder, 'owner')
})

afterEach(() => rm(folder, { recursive: true }))

describe('the owner of a folder', () => {
  it('holds it until it is released, and leaves no file', async () => {
    const release = lockFolder(lockFile)
    expect(() => lockFolder(lockFile)).toThrow(new FolderInUseError(folder, process.pid))
    release()
    release()
    expect(await readdir(folder)).toEqual([])
    lockFolder(lockFile)()
  })

  it('holds it against other processes while it runs', async () => {
    const owner = spawn('sleep', ['60'])
    onTestFinished(() => {
      owner.kill('SIGKILL')
    })
    await once(owner, 'spawn')
    const pid = Number(owner.pid)
    await writeFile(lockFile, `${pid}\n${processBirth(pid)}\n`)
    expect(() => lockFolder(lockFile)).toThrow(new FolderInUseError(folder, pid))
    const ended = once(owner, 'exit')
    owner.kill('SIGKILL')
    await ended
    lockFolder(lockFile)
    expect(await readFile(lockFile, 'utf8')).toMatch(new RegExp(`^${process.pid}\n`))
  })

  it.skipIf(process.platform === 'win32')(
    'loses it when its number is given to another process',
    async () => {
      await writeFile(lockFile, `${process.ppid}\na birth long ago\n`)
      const release = lockFolder(lockFile)
      expect(await readdir(folder)).toEqual(['owner'])
      release()
    },
  )

  it('does not release a folder that another process has taken since', async () => {
    const release = lockFolder(lockFile)
    await writeFile(lockFile, '1\nanother\n')
    release()
    expect(await readFile(lockFile, 'utf8')).toBe('1\nanother\n')
  })
})
