/** Images are decoded by a process that may be killed at any time. */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { PictureDecoder } from '../../../src/datasets/reading/picture-decoder.js'
import { builtPictureProcess } from '../../support/built.js'
import { underLoad } from '../../support/waiting.js'

/** A PNG of one grey pixel. */
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAADElEQVQImWNoaGgAAAMEAYEezv+mAAAAAElFTkSu' +
    'QmCC',
  'base64',
)
const size = { width: 2, height: 2, channels: 1 } as const
const grey = { length: 4, 0: 128, 1: 128, 2: 128, 3: 128 }

const opened: PictureDecoder[] = []
function open(options: { milliseconds?: number; script?: URL } = {}) {
  const decoder = new PictureDecoder(1_000, { script: builtPictureProcess, ...options })
  opened.push(decoder)
  return decoder
}

afterEach(() => {
  for (const decoder of opened.splice(0)) decoder.close()
})

const decode = (decoder: PictureDecoder) => decoder.decode(png, 'the picture', size)

/** The child process that decodes; another test may still have one that ends. */
function decodingPid(): number {
  const isDecoding = (pid: string) => {
    try {
      const parent = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[1]
      return (
        Number(parent) === process.pid &&
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('picture.process')
      )
    } catch {
      return false
    }
  }
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isDecoding(name))
  if (pids.length !== 1) throw new Error(`${pids.length} processes decode`)
  return Number(pids[0])
}

describe.runIf(process.platform === 'linux')('images', () => {
  it('are decoded by another process after theirs was killed', async () => {
    const decoder = open()
    expect(await decode(decoder)).toMatchObject(grey)
    const pid = decodingPid()
    process.kill(pid, 'SIGSTOP')
    const answer = decode(decoder)
    process.kill(pid, 'SIGKILL')
    expect(await answer).toMatchObject(grey)
    expect(decodingPid()).not.toBe(pid)
  })

  it('are refused after the time limit, which does not concern others', async () => {
    const milliseconds = underLoad(2_000)
    const decoder = open({ milliseconds })
    await decode(decoder)
    process.kill(decodingPid(), 'SIGSTOP')
    const slow = decode(decoder)
    slow.catch(() => {})
    await sleep(milliseconds / 2)
    const other = decode(decoder)
    await expect(slow).rejects.toMatchObject({
      code: 'invalid-dataset',
      message: `the image could not be decoded within ${milliseconds / 1_000} seconds`,
    })
    expect(await other).toMatchObject(grey)
  })

  it('are refused for now if no process lives long enough', async () => {
    const decoder = open({ script: pathToFileURL('/nowhere.js') })
    await expect(decode(decoder)).rejects.toMatchObject({
      code: 'overloaded',
      detail: expect.stringMatching(/^The process that decodes images ended.* Retry later\.$/),
    })
  })

  it('are refused when the service stops', async () => {
    const decoder = open()
    await decode(decoder)
    process.kill(decodingPid(), 'SIGSTOP')
    const answer = decode(decoder)
    decoder.close()
    await expect(answer).rejects.toMatchObject({ code: 'unavailable' })
    await expect(decode(decoder)).rejects.toMatchObject({ code: 'unavailable' })
  })
})
