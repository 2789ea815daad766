import { describe, expect, it } from 'vitest'
import { Batch } from '../../src/live/batch.js'
import { Turns } from '../../src/live/turns.js'
import { settle } from '../support/waiting.js'
import { upTo } from '../support/watching.js'

/** Answers when it is told to. */
function asked() {
  const batches: { questions: number[]; answer(): void; fail(error: Error): void }[] = []
  const ask = (questions: number[]) =>
    new Promise<number[]>((resolve, reject) => {
      batches.push({ questions, answer: () => resolve(questions.map((each) => 10 * each)), fail: reject })
    })
  return { batches, ask }
}

describe('a batch', () => {
  it('asks at once what is asked at the same time, and next what comes meanwhile', async () => {
    const { batches, ask } = asked()
    const batch = new Batch(ask, { size: 3, atOnce: 1 })
    const first = [1, 2].map((each) => batch.answer(String(each), each))
    await settle()
    const second = [3, 4, 5, 6].map((each) => batch.answer(String(each), each))
    await settle()
    expect(batches.map(({ questions }) => questions)).toEqual([[1, 2]])
    batches[0]?.answer()
    expect(await Promise.all(first)).toEqual([10, 20])
    await settle()
    expect(batches.map(({ questions }) => questions)).toEqual([
      [1, 2],
      [3, 4, 5],
    ])
    batches[1]?.answer()
    await settle()
    batches[2]?.answer()
    expect(await Promise.all(second)).toEqual([30, 40, 50, 60])
  })

  it('asks the same question once, unless the question is under way already', async () => {
    const { batches, ask } = asked()
    const batch = new Batch(ask, { size: 10, atOnce: 2 })
    const twice = [batch.answer('a', 1), batch.answer('a', 1)]
    await settle()
    const later = batch.answer('a', 1)
    await settle()
    expect(batches.map(({ questions }) => questions)).toEqual([[1], [1]])
    for (const each of batches) each.answer()
    expect(await Promise.all([...twice, later])).toEqual([10, 10, 10])
  })

  it('fails those that were asked together, and goes on', async () => {
    const { batches, ask } = asked()
    const batch = new Batch(ask, { size: 2, atOnce: 1 })
    const answers = upTo(3).map((each) => batch.answer(String(each), each))
    const settled = Promise.allSettled(answers)
    await settle()
    batches[0]?.fail(new Error('away'))
    await settle()
    batches[1]?.answer()
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled'])
  })
})

describe('turns', () => {
  it('let so many run at a time, in order, also after one that failed', async () => {
    const turns = new Turns(2)
    const begun: number[] = []
    const ends: (() => void)[] = []
    const tasks = upTo(5).map((each) =>
      turns.take(async () => {
        begun.push(each)
        await new Promise<void>((resolve) => ends.push(resolve))
        if (each === 1) throw new Error('failed')
      }),
    )
    const settled = Promise.allSettled(tasks)
    await settle()
    expect(begun).toEqual([1, 2])
    expect(turns.waiting).toBe(3)
    ends[0]?.()
    await settle()
    expect(begun).toEqual([1, 2, 3])
    while (begun.length < 5) {
      ends[begun.length - 1]?.()
      await settle()
    }
    for (const end of ends) end()
    expect((await settled).map(({ status }) => status)).toEqual([
      'rejected',
      ...upTo(4).map(() => 'fulfilled'),
    ])
  })
})
