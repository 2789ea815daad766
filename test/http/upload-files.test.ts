import { expect, it } from 'vitest'
import { withUploadProblems } from '../../src/http/upload-files.js'

it('receives the pieces of an upload in several turns of the event loop, so that requests are answered between them', async () => {
  const pieces = 100
  async function* body() {
    for (let index = 0; index < pieces; index++) yield Uint8Array.of(index)
  }
  let turns = 0
  const count = () => {
    turns++
    turning = setImmediate(count)
  }
  let turning = setImmediate(count)
  const received: number[] = []
  for await (const [byte] of withUploadProblems(body(), 'a')) received.push(byte)
  clearImmediate(turning)
  expect(received).toEqual(Array.from({ length: pieces }, (_, index) => index))
  expect(turns).toBeGreaterThanOrEqual(10)
})
