import { expect, test } from 'vitest'
import { chart, drawMap, drawSignal, mapPoints, short, table } from '../../examples/chart.js'

test('a chart places the smallest value at the bottom left and the largest at the top right', () => {
  const axes = { x: 'epoch', y: 'loss', xScale: 'linear', yScale: 'logarithmic' } as const
  const lines = chart(
    [
      {
        name: 'a',
        mark: 'a',
        points: [
          [1, 0.01],
          [2, 0.1],
          [3, 1],
        ],
      },
    ],
    axes,
  ).split('\n')
  expect(lines[0]).toBe('     loss │ a a')
  expect(lines[1]).toBe(`        1 │${' '.repeat(63)}a`)
  expect(lines[14]).toBe('     0.01 │a')
  expect(lines.findIndex((line) => line.indexOf('a', 11) === 43)).toBeGreaterThan(6)
  expect(lines[16]).toMatch(/^ +1 +3 {2}epoch$/)
})

test('a chart draws a single value, and values without a logarithm', () => {
  const axes = { x: 'x', y: 'y', xScale: 'logarithmic', yScale: 'logarithmic' } as const
  expect(chart([{ name: 'a', mark: 'a', points: [[1, 1]] }], axes)).toContain('│a')
  expect(
    chart(
      [
        {
          name: 'a',
          mark: 'a',
          points: [
            [1, 0],
            [2, 0.5],
            [4, 1],
          ],
        },
      ],
      axes,
    ),
  ).toContain('0.5 │a')
})

test('a map is dark where the function is high', () => {
  const square = { from: 0, to: 1 }
  const values = mapPoints(square).map(([x1]) => (x1 > 0.5 ? 1 : 0))
  const lines = drawMap(values, square, [{ x1: 0.01, x2: 0.99, mark: 'A' }]).split('\n')
  expect(lines).toHaveLength(20)
  expect(lines[0]).toBe(`  A${' '.repeat(21)}${'█'.repeat(22)}`)
  expect(lines[19]).toBe(`  ${' '.repeat(22)}${'█'.repeat(22)}`)
})

test('a signal is a row of bars', () => {
  expect(drawSignal([0, 0.5, 1, 0])).toBe('▁▅█▁')
  expect(drawSignal([-1, 0, 1])).toBe('▁▅█')
})

test('numbers are short', () => {
  expect([0, 1, 0.012345, 1234567, 1e-7, -0.5].map(short)).toEqual([
    '0',
    '1',
    '0.0123',
    '1.2e+6',
    '1.0e-7',
    '-0.5',
  ])
})

test('a table aligns its columns', () => {
  expect(
    table(
      ['', 'loss'],
      [
        ['one', 0.5],
        ['fifteen', 12],
      ],
    ),
  ).toBe(['            loss', '  one        0.5', '  fifteen     12'].join('\n'))
})
