/** What a view gets of a stream of the service. */
import { describe, expect, it } from 'vitest'
import { PageError, toProblem } from '../../../page/src/api/problem.js'
import { type Connection, readStream } from '../../../page/src/api/read-stream.js'
import { ConnectionError, problemError, type StreamOptions } from '../../../sdk/src/index.js'

const settle = () => new Promise((resolve) => setTimeout(resolve))

async function* source(end?: Error, options: StreamOptions = {}) {
  options.onConnection?.('live')
  yield 1
  await settle()
  yield 2
  if (end !== undefined) throw end
}

function read(end?: Error) {
  const seen: (number | Connection)[] = []
  const stop = readStream((options) => source(end, options), {
    message: (message) => seen.push(message),
    connection: (state) => seen.push(state),
  })
  return { seen, stop }
}

const refusal = problemError({
  code: 'not-found',
  status: 404,
  title: 'Resource not found',
  detail: 'No job.',
})

describe('a stream of a view', () => {
  it('gives its messages and its end', async () => {
    const { seen } = read()
    await settle()
    await settle()
    expect(seen).toEqual(['live', 1, 2, 'ended'])
  })

  it('is rejected with the error that ends it', async () => {
    const { seen } = read(refusal)
    await settle()
    await settle()
    expect(seen).toEqual(['live', 1, 2, 'rejected'])
  })

  it.each([undefined, refusal])('gives nothing after it was stopped', async (end) => {
    const { seen, stop } = read(end)
    stop()
    await settle()
    await settle()
    expect(seen).toEqual(['live'])
  })
})

describe('a problem that a view shows', () => {
  it('is that of the service, or of the page', () => {
    expect(toProblem(refusal)).toBe(refusal)
    const own = new PageError('own-file', 'Two targets.')
    expect(toProblem(own)).toBe(own)
    expect(toProblem(new RangeError('too long'))).toMatchObject({
      code: 'page',
      message: 'RangeError: too long',
    })
  })

  it('names a service that does not respond', () => {
    const problem = toProblem(new ConnectionError('cut'))
    expect(problem).toMatchObject({ status: 0, code: 'unreachable', title: '' })
    expect(problem.message).toContain('does not respond')
  })
})
