/** Deadlines come although garbage is collected, and although what they limit never ends. */
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DeadlineError, withDeadline } from '../../src/base/deadline.js'
import { Spool } from '../../src/datasets/reading/spool.js'
import { SpoolSpace } from '../../src/datasets/reading/spool-space.js'
import { collectOften } from '../support/garbage.js'
import { readingLimits } from '../support/reading.js'

let stop = () => {}

beforeAll(() => {
  stop = collectOften()
})
afterAll(() => stop())

const never = () => new Promise<never>(() => {})

/** Stays open until its signal aborts, as a socket does. */
const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('of the work')))
  })

describe('a deadline', () => {
  it('ends work that never ends', async () => {
    await expect(withDeadline(300, never)).rejects.toThrow(DeadlineError)
  })

  it('aborts the signal of the work, and is the reason', async () => {
    await expect(withDeadline(300, untilAborted, new AbortController().signal)).rejects.toThrow(
      'the deadline of 0.3 s has passed',
    )
  })

  it('returns the result of the work, or its error', async () => {
    expect(await withDeadline(10_000, async () => 7)).toBe(7)
    await expect(withDeadline(10_000, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  })

  it('ends with its parent, for the reason of the parent', async () => {
    const parent = new AbortController()
    const waiting = withDeadline(60_000, never, parent.signal)
    parent.abort(new Error('gone'))
    await expect(waiting).rejects.toThrow('gone')
    await expect(withDeadline(60_000, never, parent.signal)).rejects.toThrow('gone')
  })
})

describe('an upload that stops arriving', () => {
  const limits = { ...readingLimits, uploadSeconds: 0.3 }
  const sizeLimit = { bytes: 1_000_000, exceeded: () => new Error('too many bytes') }
  const take = async (
    files: () => AsyncGenerator<{ name: string; contentType: undefined; body: AsyncGenerator<Buffer> }>,
  ) => {
    const spool = await Spool.create(limits, sizeLimit, new SpoolSpace('/').open('blue'))
    expect(spool.folder).toContain(tmpdir())
    try {
      await spool.take(files(), new AbortController().signal)
    } finally {
      await spool.remove()
    }
  }
  async function* stalled() {
    yield Buffer.from('a,b\n')
    await never()
  }
  async function* whole() {
    yield Buffer.from('a,b\n')
  }

  it('is refused in the middle of a file', async () => {
    const upload = take(async function* () {
      yield { name: 'a.csv', contentType: undefined, body: stalled() }
    })
    await expect(upload).rejects.toThrow(/0\.3 seconds .*MAXIMUM_UPLOAD_SECONDS/)
  })

  it('is refused between two files', async () => {
    const upload = take(async function* () {
      yield { name: 'a.csv', contentType: undefined, body: whole() }
      await never()
    })
    await expect(upload).rejects.toThrow(/0\.3 seconds .*MAXIMUM_UPLOAD_SECONDS/)
  })
})
