/** Line breaks of every kind, at every place of a read window, and the line numbers that follow from them. */
import { describe, expect, test } from 'vitest'
import { CsvCells } from '../../../src/datasets/reading/csv-cells.js'
import { readWindows } from '../../../src/datasets/reading/text-window.js'
import { readingLimits } from '../../support/reading.js'
import { inChunks } from '../byte-chunks.js'

interface Row {
  line: number
  cells: string[]
}

/** Reads rows from windows that grow by `size` bytes. */
async function readInWindows(text: string, size: number, firstLine = 1): Promise<Row[]> {
  const cells = new CsvCells(','.charCodeAt(0), firstLine)
  const chunks = async function* () {
    for await (const chunk of inChunks(text, size)) yield Buffer.from(chunk)
  }
  const rows: Row[] = []
  const nextLine = () => cells.nextLine
  for await (const read of readWindows(chunks(), readingLimits, nextLine, ({ bytes, isEnd, isAscii }) => {
    const used = cells.read(bytes, isEnd, isAscii)
    const result = Array.from({ length: cells.rows }, (_, row) => ({
      line: cells.line(row),
      cells: Array.from({ length: cells.width(row) }, (_cell, column) => cells.text(row, column)),
    }))
    return { used, result }
  })) {
    rows.push(...read)
  }
  return rows
}

const breaks = { LF: '\n', CR: '\r', 'CR LF': '\r\n' }

describe.each(Object.entries(breaks))('rows that end in %s', (_, end) => {
  const content = ['a,b', '1,2', '', `"x${end}y",3`, `"${end}${end}",4`, '5,"6"', '', '', 'ü,7', '"8"'].join(
    end,
  )
  const expected: Row[] = [
    { line: 1, cells: ['a', 'b'] },
    { line: 2, cells: ['1', '2'] },
    { line: 4, cells: [`x${end}y`, '3'] },
    { line: 6, cells: [`${end}${end}`, '4'] },
    { line: 9, cells: ['5', '6'] },
    { line: 12, cells: ['ü', '7'] },
    { line: 13, cells: ['8'] },
  ]

  test('have the same cells and lines in windows of any size', async () => {
    for (let size = 1; size <= content.length + 5; size++) {
      expect(await readInWindows(content, size), `${size} bytes`).toEqual(expected)
      expect(await readInWindows(content + end, size), `${size} bytes, with an end`).toEqual(expected)
    }
  })

  test('count from the line where reading begins', async () => {
    const later = expected.map(({ line, cells }) => ({ line: line + 41, cells }))
    for (const size of [1, 2, 3, 7, 1_000]) expect(await readInWindows(content, size, 42)).toEqual(later)
  })
})

test.each([
  ['CR LF after LF', '1\r\n2\n3\r\n4', [1, 2, 3, 4]],
  ['CR, LF and CR LF in turn', '1\r2\n3\r\n4\r5', [1, 2, 3, 4, 5]],
  ['LF after CR LF', '1\r\n\n2', [1, 3]],
  ['CR after CR LF', '1\r\n\r2', [1, 3]],
  ['two CR', '1\r\r2', [1, 3]],
  ['CR CR LF', '1\r\r\n2', [1, 3]],
  ['a CR at the end', '1\r2\r', [1, 2]],
  ['CR LF in quotes, then CR', '"1\r\n"\r2', [1, 3]],
  ['CR in quotes before the quote', '"1\r"\n2', [1, 3]],
  ['LF CR in quotes', '"1\n\r"\n2', [1, 4]],
])('%s count right in windows of any size', async (_, text, lines) => {
  for (let size = 1; size <= text.length + 1; size++) {
    const rows = await readInWindows(text, size)
    expect(
      rows.map(({ line }) => line),
      `${size} bytes`,
    ).toEqual(lines)
  }
})

test.each([
  ['a quote within a cell', 'a,b\r\n1,2\r\n\r\n3,4"\r\n', /^line 4: a cell has a quote/],
  ['text after a closing quote', '"a\r\nb",1\n"x"y,2\n', /^line 3: only a delimiter/],
  ['an open quote', 'a\rb\r\r"c\rd', /^line 4: the file ends in a quoted cell/],
  ['a NUL byte', 'a\n\n"b\r\n\0"', /^line 4 has a NUL byte/],
  ['a NUL byte outside of quotes', 'a\r\nb\r\n\0', /^line 3 has a NUL byte/],
])('an error names the line of %s, in windows of any size', async (_, text, message) => {
  for (let size = 1; size <= text.length + 1; size++) {
    await expect(readInWindows(text, size), `${size} bytes`).rejects.toThrow(message)
  }
})

test('a row that is too long is named by the line where it begins', async () => {
  const limits = { ...readingLimits, lineBytes: 10 }
  for (const size of [1, 4, 8]) {
    const cells = new CsvCells(','.charCodeAt(0))
    const chunks = async function* () {
      for await (const chunk of inChunks('a\r\n"b\r\nc"\r\n"open\r\nand\r\nlong', size))
        yield Buffer.from(chunk)
    }
    const windows = readWindows(
      chunks(),
      limits,
      () => cells.nextLine,
      ({ bytes, isEnd, isAscii }) => ({
        used: cells.read(bytes, isEnd, isAscii),
        result: null,
      }),
    )
    const readAll = async () => {
      for await (const _ of windows);
    }
    await expect(readAll(), `${size} bytes`).rejects.toThrow(/^line 4 starts a row of more than 10 bytes/)
  }
})
