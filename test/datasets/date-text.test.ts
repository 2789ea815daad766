/**
 * Dates as days since 1970-01-01. Days by hand, and by Python: (date(2024, 1, 31) - date(1970, 1, 1)).days =
 * 19753.
 */
import { describe, expect, test } from 'vitest'
import { dateText, parseDate } from '../../src/datasets/date-text.js'
import { prepared, reading } from '../support/prepared.js'

describe('a date', () => {
  test.each<[text: string, days: number]>([
    ['1970-01-01', 0],
    ['1969-12-31', -1],
    ['2024-01-31', 19_753],
    ['2024/01/31', 19_753],
    ['2024/1/31', 19_753],
    ['31.01.2024', 19_753],
    ['31.1.2024', 19_753],
    ['31.01.24', 19_753],
    ['31 Jan 2024', 19_753],
    ['Jan 31 2024', 19_753],
    ['January 31, 2024', 19_753],
    ['2024-01', 19_723],
    ['2024-01-31T12:00', 19_753.5],
    ['2024-01-31 06:00:00', 19_753.25],
    ['2024-01-31T06:00:00.000Z', 19_753.25],
    ['2024-01-31T06:00:00+06:00', 19_753],
    ['2024-01-31T00:00:00-0600', 19_753.25],
    ['2024-02-29', 19_782],
    ['31.01.1998', 10_257],
    ['31.01.98', 10_257],
  ])('%s is day %d', (text, days) => {
    expect(parseDate(text)).toBeCloseTo(days, 9)
  })

  test.each([
    '2023-02-29',
    '31.02.2024',
    '2024-13-01',
    '13/13/2024',
    '2024-01-31 25:00',
    '1.2.10',
    '10:30',
    '2024',
    '20240131',
    '31 Foo 2024',
    '1234-05',
    '555-01-2024-7',
    '',
  ])('%s is not valid', (text) => {
    expect(parseDate(text)).toBeUndefined()
  })

  test('with slashes is parsed by its order', () => {
    // 3 April and 4 March 2024: 31 + 29 + 31 + 2 and 31 + 29 + 3 days after 1 January, day 19,723.
    expect(parseDate('3/4/2024', 'dayFirst')).toBe(19_816)
    expect(parseDate('3/4/2024', 'monthFirst')).toBe(19_786)
    expect(parseDate('3/4/24', 'monthFirst')).toBe(19_786)
    expect(parseDate('13/4/2024', 'monthFirst')).toBeUndefined()
  })

  test('with dots starts with the day, for any order', () => {
    expect(parseDate('03.04.2024', 'monthFirst')).toBe(19_816)
  })

  test('with two digits of a year is from 1969 to 2068', () => {
    expect(parseDate('1/1/69', 'dayFirst')).toBe(-365)
    expect(parseDate('1/1/68', 'dayFirst')).toBe(Date.UTC(2068, 0, 1) / 86_400_000)
  })

  test('has 12 AM at its start and 12 PM in its middle', () => {
    expect(parseDate('2024-01-31 12:30 AM')).toBeCloseTo(19_753 + 0.5 / 24, 9)
    expect(parseDate('2024-01-31 12:00 PM')).toBe(19_753.5)
    expect(parseDate('2024-01-31 1:00 PM')).toBeCloseTo(19_753 + 13 / 24, 9)
  })

  test('has 60 minutes an hour, and at most 24 hours', () => {
    expect(parseDate('2024-01-31 10:59')).toBeCloseTo(19_753 + (10 + 59 / 60) / 24, 9)
    expect(parseDate('2024-01-31 10:60')).toBeUndefined()
    expect(parseDate('2024-01-31 24:00')).toBe(19_754)
  })

  test('is formatted as ISO 8601', () => {
    expect([dateText(19_753), dateText(19_753.25)]).toEqual(['2024-01-31', '2024-01-31T06:00:00.000Z'])
  })
})

describe('a column of dates', () => {
  const y = [0.5, 1, 2, 3]
  const dated = async (days: string[]) => {
    const dataset = await prepared(
      reading({ d: [days.slice(0, 2), days.slice(2)], y: [y.slice(0, 2), y.slice(2)] }),
    )
    return { ...dataset, d: dataset.columns[0], first: dataset.data.map(([day]) => day) }
  }

  test('infers the order from a part above 12', async () => {
    const dayFirst = await dated(['1/2/2024', '2/2/2024', '3/2/2024', '13/2/2024'])
    expect(dayFirst.d).toMatchObject({ type: 'date', dateOrder: 'dayFirst', imputation: 'mean' })
    // 1 February 2024 is day 19,754.
    expect(dayFirst.d).toMatchObject({ min: 19_754, max: 19_766 })
    const monthFirst = await dated(['2/1/2024', '2/2/2024', '2/3/2024', '2/13/2024'])
    expect(monthFirst.d).toMatchObject({ dateOrder: 'monthFirst', min: 19_754, max: 19_766 })
  })

  test('warns about the assumed order when it is ambiguous', async () => {
    const open = await dated(['1/2/2024', '2/2/2024', '3/2/2024', '4/2/2024'])
    expect(open.warnings.find(({ code }) => code === 'date-column')?.message).toBe(
      'd contains dates; its features are the year, month, day of the week and days since the first. The cells do ' +
        'not show whether the day or the month comes first; the month is assumed. Otherwise: types=d:ignored',
    )
  })

  test('with both orders or an invalid day is a category, with a warning', async () => {
    const mixed = await dated(['1/13/2024', '13/1/2024', '1/13/2024', '1/13/2024'])
    expect(mixed.d.type).toBe('category')
    expect(mixed.warnings.find(({ code }) => code === 'mixed-column')?.message).toBe(
      'd is a category because of "13/1/2024" in row 2 (line 3), although most of its cells are dates; correct that cell, ' +
        'or if it means a missing value: missingValues=13/1/2024',
    )
  })

  test('cannot be the target', async () => {
    const read = reading({ x: [[1, 2]], d: [['2024-01-01', '2024-01-02']] })
    await expect(prepared(read, { target: ['d'] })).rejects.toThrow('dates, which cannot be predicted')
  })
})
