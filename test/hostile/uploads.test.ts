/** Hostile files. Each is sent to a real process, and none may leave a row or a file. */
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from 'vitest'
import { eventually } from '../support/service.js'
import { endlessPage, endlessRun, form, gigabyteGzip, parquet, png, zip, zstandardZeros } from './files.js'
import { send, sendAndLeave } from './raw-requests.js'
import { type Row, testRows } from './request-table.js'
import { type HostileServer, openServer, serverLimits } from './server.js'

let server: HostileServer
const url = () => server.url

beforeAll(async () => {
  server = await openServer()
})

afterAll(async () => {
  expect(server.hasEnded()).toBe(false)
  expect(server.output()).not.toContain('"level":50')
  await server.close()
})

afterEach(() => expect(server.temporaryFiles()).toEqual([]))

const csvType = 'text/csv'

function csv(name: string, body: string | Uint8Array, is: Row['is'], says?: string, query = ''): Row {
  return { name, send: { path: `/datasets${query}`, body, type: csvType }, is, says }
}

function file(
  name: string,
  fileName: string,
  content: string | Uint8Array,
  is: Row['is'],
  says?: string,
): Row {
  return { name, send: { path: '/datasets', ...form([{ name: fileName, content }]) }, is, says }
}

async function* pieces(piece: string, times: number, pause = 0) {
  for (let time = 0; time < times; time++) {
    yield Buffer.from(piece)
    await sleep(pause)
  }
}

const limit = (name: keyof typeof serverLimits) => name

describe('text', () => {
  testRows(url, [
    csv('nothing', '', 'invalid-dataset', 'empty'),
    csv('a line break alone', '\n', 'invalid-dataset'),
    csv('a header alone', 'a,b\n', 'invalid-dataset', 'no rows'),
    csv('a ragged row', 'a,b\n1,2\n3\n', 'invalid-dataset', 'line 3'),
    csv('a ragged row that is longer', 'a,b\n1,2\n3,4,5\n', 'invalid-dataset', 'line 3'),
    csv('an open quote', 'a,b\n1,"2\n', 'invalid-dataset', 'quote'),
    csv('NUL', 'a,b\n1,\0\n', 'invalid-dataset', 'line 2'),
    csv('invalid UTF-8', Buffer.from('a,b\n\xc3\xa9,1\n\xff,2\n', 'latin1'), 'invalid-dataset', 'line 3'),
    csv('half of UTF-16', Buffer.from('\xff\xfea\0,\0b\0\n', 'latin1'), 'invalid-dataset'),
    csv(
      'a line of two megabytes',
      `a,b\n${'1'.repeat(2 ** 21)},2\n`,
      'dataset-too-large',
      'MAXIMUM_LINE_BYTES',
    ),
    csv(
      'a line of a gigabyte, packed',
      gigabyteGzip('1'),
      'dataset-too-large',
      limit('MAXIMUM_UNPACKED_BYTES'),
    ),
    {
      name: 'a line of 1 GB',
      send: { path: '/datasets', body: pieces('1'.repeat(2 ** 20), 1_024, 2), type: csvType },
      is: 'dataset-too-large',
      says: limit('MAXIMUM_DATASET_BYTES'),
    },
    csv(
      'a million columns',
      `${','.repeat(999_999)}\n`,
      'dataset-too-large',
      limit('MAXIMUM_DATASET_COLUMNS'),
      '?header=false',
    ),
    csv(
      'a million columns with names',
      `${Array.from({ length: 1e6 }, (_, index) => index.toString(36))
        .join()
        .slice(0, 1e6)}\n`,
      'dataset-too-large',
      limit('MAXIMUM_DATASET_COLUMNS'),
    ),
    csv(
      'more rows than are allowed',
      `a,b\n${'1,2\n'.repeat(10_001)}`,
      'dataset-too-large',
      limit('MAXIMUM_DATASET_ROWS'),
    ),
    csv('a long cell', `a,b\n${'x'.repeat(1_001)},2\n`, 'dataset-too-large', limit('MAXIMUM_CELL_LENGTH')),
    csv('two columns of one name', 'a,a\n1,2\n', 'invalid-dataset', 'a'),
    csv('two columns called __proto__', '__proto__,__proto__\n1,2\n', 'invalid-dataset', '__proto__'),
    csv('a column called __proto__', '__proto__,constructor,y\n1,2,3\n4,5,6\n7,8,9\n', 201, '"__proto__"'),
    csv(
      'a target called __proto__ that is none',
      'a,b\n1,2\n',
      'invalid-dataset',
      'a, b',
      '?target=__proto__',
    ),
    csv('types of __proto__', 'a,b\n1,2\n3,4\n', 'invalid-dataset', '__proto__', '?types=__proto__:category'),
    csv('types in JSON that is none', 'a,b\n1,2\n', 'invalid-request', 'types', '?types={'),
    csv('a name of NUL', 'a,b\n1,2\n', 'invalid-request', '/name', '?name=%00'),
    csv('a delimiter that is none', 'a,b\n1,2\n', 'invalid-request', '/delimiter', '?delimiter=%00'),
    file(
      'JSON lines of __proto__',
      'a.jsonl',
      '{"__proto__":1,"b":2}\n{"__proto__":3,"b":4}\n',
      201,
      '"__proto__"',
    ),
    file(
      'JSON lines with one name twice',
      'a.jsonl',
      '{"a":1,"b":2}\n{"a":1,"b":2,"\\u0061":3}\n',
      'invalid-dataset',
      'line 2 repeats the name \\"a\\"',
    ),
    file('JSON lines 100,000 deep', 'a.jsonl', `{"a":${'['.repeat(100_000)}\n`, 'invalid-dataset'),
    { name: 'JSON', send: { path: '/datasets', body: '{"a":1}' }, is: 'unsupported-media-type' },
    {
      name: 'a missing content type',
      send: { path: '/datasets', method: 'POST' },
      is: 'unsupported-media-type',
    },
    {
      name: 'a slow body',
      send: { path: '/datasets', body: pieces('1,2\n', 1_000, 100), type: csvType },
      is: 'dataset-too-large',
      says: limit('MAXIMUM_UPLOAD_SECONDS'),
    },
  ])

  it('201: cells Inf, 1e999 and =cmd|… are stored as exact text', async () => {
    const cells = ['Inf', '1e999', '0x10', "=cmd|' /C calc'!A0", '@SUM(1+1)', '-2+3', '<script>']
    const body = `cell,y\n${cells.map((cell, row) => `${cell},${row % 2}`).join('\n')}\n`
    const created = await send(url(), { path: '/datasets', body, type: csvType })
    expect(created.status, created.text).toBe(201)
    // Only as JSON: CSV contains numbers of epochs, and nothing from a file.
    const rows = await send(url(), { path: `/datasets/${JSON.parse(created.text).id}/rows` })
    expect(JSON.parse(rows.text).data.map(([cell]: unknown[]) => cell)).toEqual(cells)
    expect(rows.headers['content-type']).toContain('application/json')
    expect(rows.headers['x-content-type-options']).toBe('nosniff')
  })
})

const picture = png(4, 4)
const pictures = (...files: [name: string, content: Uint8Array, claimedBytes?: number][]) =>
  zip(files.map(([name, content, claimedBytes]) => ({ name, content, claimedBytes })))

describe('packed and binary files', () => {
  testRows(url, [
    file(
      'a bomb of gzip',
      'a.csv.gz',
      gzipSync(Buffer.alloc(40_000_000, '1,2\n')),
      'invalid-dataset',
      '250 times',
    ),
    file('gzip cut off', 'a.csv.gz', gzipSync('a,b\n1,2\n').subarray(0, -6), 'invalid-dataset', 'unpacked'),
    file('gzip within gzip', 'a.csv.gz', gzipSync(gzipSync('a,b\n1,2\n')), 'invalid-dataset'),
    file(
      'a bomb of ZIP',
      'a.zip',
      pictures(['a.csv', Buffer.alloc(40_000_000, '1,2\n')]),
      'invalid-dataset',
      '250 times',
    ),
    file(
      'a ZIP bomb with a false size',
      'a.zip',
      pictures(['a.csv', Buffer.alloc(40_000_000, '1,2\n'), 100]),
      'invalid-dataset',
    ),
    file(
      'a ZIP of too many files',
      'a.zip',
      zip(Array.from({ length: 101 }, (_, index) => ({ name: `k/${index}.png`, content: picture }))),
      'dataset-too-large',
      limit('MAXIMUM_ARCHIVE_ENTRIES'),
    ),
    file(
      'a ZIP within a ZIP',
      'a.zip',
      pictures(['a.zip', pictures(['a.csv', Buffer.from('a,b\n1,2\n')])]),
      'invalid-dataset',
    ),
    file('a ZIP cut off', 'a.zip', pictures(['k/a.png', picture]).subarray(0, -30), 'invalid-dataset'),
    file(
      'names that lead out of a ZIP',
      'a.zip',
      pictures(['../../escaped/a.png', picture]),
      'invalid-dataset',
      'escaped',
    ),
    file(
      'absolute names in a ZIP',
      'a.zip',
      pictures(['/tmp/descent-escaped/a.png', picture]),
      'invalid-dataset',
    ),
    file('backslashes in a ZIP', 'a.zip', pictures(['..\\a.png', picture]), 'invalid-dataset'),
    file(
      'pictures in no folder',
      'a.zip',
      pictures(['a.png', picture], ['b.png', picture]),
      'invalid-dataset',
      'folder',
    ),
    file(
      'pictures deep in folders, with files of file managers',
      'a.zip',
      pictures(
        ['data/train/k/a.png', picture],
        ['data/train/l/b.PNG', picture],
        ['__MACOSX/data/train/k/._a.png', Buffer.from('x')],
        ['data/train/.DS_Store', Buffer.from('x')],
        ['data/train/l/Thumbs.db', Buffer.from('x')],
      ),
      201,
      '"classes":["k","l"]',
    ),
    file(
      'a bomb of PNG',
      'a.zip',
      pictures(['k/a.png', png(30_000, 30_000, 1_000)]),
      'dataset-too-large',
      limit('MAXIMUM_IMAGE_PIXELS'),
    ),
    file(
      'a PNG with more pixels than it says',
      'a.zip',
      pictures(['k/a.png', png(4, 4, 10_000_000)], ['l/b.png', picture]),
      201,
    ),
    file(
      'a PNG with fewer pixels than it says',
      'a.zip',
      pictures(['k/a.png', png(20, 20, 10)], ['l/b.png', picture]),
      'invalid-dataset',
      'a.png',
    ),
    file(
      'an SVG called .png',
      'a.zip',
      pictures([
        'k/a.png',
        Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'),
      ]),
      'invalid-dataset',
      'is not a PNG or JPEG file',
    ),
    file('an SVG alone', 'a.png', '<svg xmlns="http://www.w3.org/2000/svg"/>', 'invalid-dataset', 'SVG'),
    file(
      'a Parquet of rows that are not there',
      'a.parquet',
      parquet(1e12, 100),
      'dataset-too-large',
      limit('MAXIMUM_DATASET_ROWS'),
    ),
    file(
      'a bomb of Parquet',
      'a.parquet',
      parquet(1_000, 2 ** 40),
      'dataset-too-large',
      limit('MAXIMUM_UNPACKED_BYTES'),
    ),
    file(
      'a Parquet bomb with a false footer',
      'a.parquet',
      parquet(1_000, 4_000, {
        values: 1_000,
        unpackedBytes: 2 ** 30,
        content: zstandardZeros(2 ** 30),
      }),
      'dataset-too-large',
      limit('MAXIMUM_UNPACKED_BYTES'),
    ),
    file(
      'a small one',
      'a.parquet',
      parquet(1_000, 4_000, { values: 1_000, unpackedBytes: 2 ** 25, content: zstandardZeros(2 ** 25) }),
      'invalid-dataset',
      '250 times',
    ),
    file(
      'a Parquet bomb with false sizes in its footer and page',
      'a.parquet',
      parquet(1_000, 4_000, { values: 1_000, unpackedBytes: 4_000, content: zstandardZeros(2 ** 31) }),
      'dataset-too-large',
      limit('MAXIMUM_READING_MEMORY_BYTES'),
    ),
    file(
      'a Parquet of a value that comes two thousand million times',
      'a.parquet',
      parquet(1_000, 4_000, endlessPage),
      'invalid-dataset',
      '2147483647 values for 1000 rows',
    ),
    file(
      'the same page with as many values as it says',
      'a.parquet',
      parquet(1_000, 4_000, { ...endlessPage, values: 1_000 }),
      201,
    ),
    file(
      'a run that is longer than its page',
      'a.parquet',
      parquet(1_000, 4_000, endlessRun),
      'dataset-too-large',
      limit('MAXIMUM_READING_MEMORY_BYTES'),
    ),
    file('a Parquet without its page', 'a.parquet', parquet(1_000, 8_000), 'invalid-dataset', 'Parquet'),
    file('a Parquet of nothing', 'a.parquet', 'PAR1PAR1', 'invalid-dataset', 'Parquet'),
    file(
      'a NumPy array without its rows',
      'a.npy',
      Buffer.concat([
        Buffer.from('\x93NUMPY\x01\x00\x76\x00', 'latin1'),
        Buffer.from("{'descr': '<f8', 'fortran_order': False, 'shape': (9999, 999), }".padEnd(117)),
        Buffer.from('\n'),
      ]),
      'invalid-dataset',
    ),
    file(
      'NumPy objects, which are programs',
      'a.npy',
      Buffer.concat([
        Buffer.from('\x93NUMPY\x01\x00\x76\x00', 'latin1'),
        Buffer.from("{'descr': '|O', 'fortran_order': False, 'shape': (1, 2), }".padEnd(117)),
        Buffer.from('\n'),
      ]),
      'invalid-dataset',
    ),
    file('a PDF called .csv', 'a.csv', '%PDF-1.7\n', 'invalid-dataset', 'PDF'),
    {
      name: 'five files',
      send: { path: '/datasets', ...form(Array(5).fill({ name: 'a.csv', content: 'a,b\n1,2\n' })) },
      is: 'invalid-dataset',
      says: 'more than 4',
    },
    {
      name: 'an empty form',
      send: { path: '/datasets', body: '--limit--\r\n', type: 'multipart/form-data; boundary=limit' },
      is: 'invalid-dataset',
    },
    {
      name: 'an incomplete form',
      send: {
        path: '/datasets',
        body: form([{ name: 'a.csv', content: 'a,b\n' }]).body.subarray(0, -20),
        type: 'multipart/form-data; boundary=limit',
      },
      is: 'invalid-request',
    },
    {
      name: 'a form without boundary',
      send: { path: '/datasets', body: 'x', type: 'multipart/form-data' },
      is: 'invalid-request',
    },
  ])

  it('dataset-too-large: a decompression bomb is stopped at the memory limit', async () => {
    const bomb = parquet(1_000, 4_000, {
      values: 1_000,
      unpackedBytes: 4_000,
      content: zstandardZeros(2 ** 31),
    })
    const refused = send(url(), { path: '/datasets', ...form([{ name: 'a.parquet', content: bomb }]) })
    let over = false
    refused.finally(() => {
      over = true
    })
    let most = 0
    while (!over) {
      most = Math.max(most, server.readingBytes())
      await sleep(10)
    }
    expect((await refused).status).toBe(413)
    // Memory is polled every 100 ms.
    expect(most).toBeLessThan(2 * Number(serverLimits.MAXIMUM_READING_MEMORY_BYTES))
    if (process.platform === 'linux') expect(most).toBeGreaterThan(0)
    expect(server.residentBytes()).toBeLessThan(400 * 1024 ** 2)
  })

  it('201: a file name with ../ is not a path', async () => {
    const upload = form([
      { name: '../../../../tmp/descent-escaped.csv', type: csvType, content: 'a,b\n1,2\n3,4\n' },
    ])
    expect((await send(url(), { path: '/datasets', ...upload })).status).toBe(201)
    expect(existsSync('/tmp/descent-escaped.csv')).toBe(false)
  })
})

describe('a client that disconnects', () => {
  test.each([
    ['in the middle of its file', 'a,b\n1,2\n'],
    ['before the first byte', ''],
  ])('%s leaves no row and no file', async (_name, part) => {
    const before = await server.database.dataset.count()
    const head = `POST /datasets HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/csv\r\ncontent-length: 100000\r\n\r\n`
    await sendAndLeave(url(), head + part)
    await eventually(() => (server.temporaryFiles().length === 0 ? true : undefined))
    expect(await server.database.dataset.count()).toBe(before)
  })
})
