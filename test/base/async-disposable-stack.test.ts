import { describe, expect, it } from 'vitest'
import { AsyncDisposableStack, openOn, SuppressedError } from '../../src/base/async-disposable-stack.js'

/** A stack with these resources, and the names of those that are closed. */
function stackOf(names: readonly string[], failing: readonly string[] = []) {
  const stack = new AsyncDisposableStack()
  const closed: string[] = []
  for (const name of names) {
    stack.adopt(name, async () => {
      await Promise.resolve()
      closed.push(name)
      if (failing.includes(name)) throw new Error(`close of ${name}`)
    })
  }
  return { stack, closed }
}

describe('AsyncDisposableStack', () => {
  it('closes in reverse order, in sequence, and only once', async () => {
    const { stack, closed } = stackOf(['a', 'b', 'c'])
    await stack.disposeAsync()
    await stack.disposeAsync()
    expect(closed).toEqual(['c', 'b', 'a'])
    expect(() => stack.defer(() => {})).toThrow(ReferenceError)
  })

  it('returns and closes what it adopts', async () => {
    const stack = new AsyncDisposableStack()
    const closed: string[] = []
    const resource = { name: 'a' }
    expect(stack.adopt(resource, ({ name }) => closed.push(name))).toBe(resource)
    await stack.disposeAsync()
    expect(closed).toEqual(['a'])
  })

  it('closes the others when one throws, and throws that error', async () => {
    const { stack, closed } = stackOf(['a', 'b', 'c'], ['b'])
    await expect(stack.disposeAsync()).rejects.toThrow(/^close of b$/)
    expect(closed).toEqual(['c', 'b', 'a'])
  })

  it('nests the errors of several closes, the last outside', async () => {
    const { stack, closed } = stackOf(['a', 'b', 'c'], ['a', 'c'])
    await expect(stack.disposeAsync()).rejects.toEqual(
      new SuppressedError(new Error('close of a'), new Error('close of c')),
    )
    expect(closed).toEqual(['c', 'b', 'a'])
  })
})

describe('openOn', () => {
  it('leaves everything open after success', async () => {
    const { stack, closed } = stackOf(['a'])
    expect(await openOn(stack, async () => 'result')).toBe('result')
    expect(closed).toEqual([])
  })

  it('closes everything after a failure', async () => {
    const { stack, closed } = stackOf(['a', 'b'])
    const failure = new Error('start')
    await expect(openOn(stack, () => Promise.reject(failure))).rejects.toBe(failure)
    expect(closed).toEqual(['b', 'a'])
  })

  it('reports the failure first when a close throws as well', async () => {
    const { stack, closed } = stackOf(['a', 'b'], ['b'])
    const opening = openOn(stack, () => Promise.reject(new Error('start')))
    await expect(opening).rejects.toMatchObject({
      name: 'SuppressedError',
      message: 'start; then: close of b',
      suppressed: new Error('start'),
    })
    expect(closed).toEqual(['b', 'a'])
  })
})
