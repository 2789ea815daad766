/** What a reader recorded, as an archive of pictures in one folder per class. */
import { unzipSync } from 'fflate'
import { describe, expect, it } from 'vitest'
import {
  cameraJob,
  type RecordedClass,
  toArchive,
  whyNotReady,
} from '../../../page/src/views/camera-classes.js'

const recorded = (name: string, frames = 5): RecordedClass => ({
  name,
  frames: Array.from({ length: frames }, (_, index) => new File([new Uint8Array([index])], 'frame.jpg')),
})

describe('recorded classes', () => {
  it.each([
    [[recorded('a'), recorded(' ')], 'Each class needs a name.'],
    [[recorded('a'), recorded(' a ')], 'The names of the classes must differ.'],
    [[recorded('a/b'), recorded('a b')], 'The names of the classes must differ.'],
    [[recorded('a'), recorded('b', 4)], 'Record at least 5 pictures of b.'],
    [[recorded('a'), recorded('b')], null],
  ])('can be trained, or not', (classes, expected) => expect(whyNotReady(classes)).toBe(expected))

  it('have one folder each', async () => {
    const archive = await toArchive([recorded('left/up', 2), recorded('right', 1)])
    const files = unzipSync(new Uint8Array(await archive.arrayBuffer()))
    expect(Object.entries(files).map(([name, bytes]) => [name, ...bytes])).toEqual([
      ['left up/001.jpg', 0],
      ['left up/002.jpg', 1],
      ['right/001.jpg', 0],
    ])
  })

  it('are trained by the network that the service chooses', () => {
    expect(cameraJob('ds_1', [recorded('a'), recorded('b')])).toMatchObject({
      name: 'a or b',
      dataset: 'ds_1',
      network: 'auto',
      validationSplit: 0.2,
    })
  })
})
