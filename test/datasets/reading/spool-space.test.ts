/** Unfinished uploads that together would fill the disk. */
import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { type IncomingFile, Spool } from '../../../src/datasets/reading/spool.js'
import { SpoolSpace } from '../../../src/datasets/reading/spool-space.js'

const megabyte = 1024 * 1024
const sizeLimit = { bytes: 1_000 * megabyte, exceeded: () => new Error('too large') }

/** A disk with so many megabytes, of which the uploads take some. */
function disk(megabytes: number) {
  let taken = 0
  const space = new SpoolSpace(tmpdir(), async () => (megabytes - taken) * megabyte)
  return {
    async write(share: ReturnType<SpoolSpace['open']>, count: number) {
      taken += count
      await share.add(count * megabyte)
    },
    space,
  }
}

describe('the uploads of a tenant', () => {
  it('may fill the disk if there is one', async () => {
    const { space, write } = disk(100)
    await expect(write(space.open('red'), 90)).resolves.toBeUndefined()
  })

  it('leave as much space as they take if there are several', async () => {
    const { space, write } = disk(100)
    const first = space.open('red')
    await write(first, 40)
    await write(space.open('red'), 10)
    const third = space.open('red')
    await expect(write(third, 4)).rejects.toMatchObject({ code: 'overloaded' })
    // 46 megabytes are left for others, which have fewer.
    await write(space.open('blue'), 10)
    await expect(write(space.open('blue'), 10)).resolves.toBeUndefined()
    third.close()
    first.close()
    await expect(write(space.open('red'), 4)).resolves.toBeUndefined()
  })

  it('count together, however small each is', async () => {
    const { space, write } = disk(10)
    const refused = async () => {
      for (let n = 0; n < 10; n++) await write(space.open('red'), 1)
    }
    await expect(refused()).rejects.toMatchObject({ code: 'overloaded' })
  })

  it('leave nothing when they are refused', async () => {
    const space = new SpoolSpace(tmpdir(), async () => megabyte)
    space.open('red')
    const spool = await Spool.create({ uploadSeconds: 10 }, sizeLimit, space.open('red'))
    async function* files(): AsyncGenerator<IncomingFile> {
      const body = (async function* () {
        for (let n = 0; n < 100; n++) yield Buffer.alloc(megabyte)
      })()
      yield { name: 'body', contentType: 'text/csv', body }
    }
    const taken = spool.take(files(), new AbortController().signal)
    await expect(taken).rejects.toMatchObject({ code: 'overloaded' })
    await spool.remove()
    expect(existsSync(spool.folder)).toBe(false)
  })

  it('are compared with the free space of their disk', async () => {
    const space = new SpoolSpace(tmpdir())
    space.open('red')
    const share = space.open('red')
    const { bavail, bsize } = await statfs(tmpdir())
    await share.add(Math.floor((bavail * bsize) / 2))
    await expect(share.add(2 * bavail * bsize)).rejects.toMatchObject({ code: 'overloaded' })
  })
})
