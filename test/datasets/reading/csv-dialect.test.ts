/** Dialects of delimited files. Each case has the names and the first row that a human reader sees. */
import { expect, test } from 'vitest'
import { readFiles, rowsOf } from './read-files.js'

const lines = (line: (row: number) => string, rows = 8) =>
  `${Array.from({ length: rows }, (_, row) => line(row)).join('\n')}\n`
const colors = ['rot', 'blau', 'grün']

type Case = [what: string, content: string, names: string[], firstRow: (string | number | null)[]]

test.each<Case>([
  [
    'semicolons decimal comma word',
    lines((i) => `${i},5;${i + 1},5;kurz`),
    ['column1', 'column2', 'column3'],
    ['0,5', '1,5', 'kurz'],
  ],
  [
    'semicolons decimal comma header',
    `a;b;c\n${lines((i) => `${i},5;${i + 1},5;kurz`)}`,
    ['a', 'b', 'c'],
    ['0,5', '1,5', 'kurz'],
  ],
  ['two cols, no words', lines((i) => `${i},5;${i + 1},5`), ['column1', 'column2'], ['0,5', '1,5']],
  ['two cols, header', `a;b\n${lines((i) => `${i},5;${i + 1},5`)}`, ['a', 'b'], ['0,5', '1,5']],
  ['single column', `name\n${lines((i) => colors[i % 3])}`, ['name'], ['rot']],
  ['single column numbers', `x\n${lines((i) => `${i}.5`)}`, ['x'], [0.5]],
  ['single column decimal commas', `x\n${lines((i) => `${i},5`)}`, ['x'], ['0,5']],
  [
    'tab with commas in text',
    `a\tt\ty\n${lines((i) => `${i}\thello, world, ${i}\tx`)}`,
    ['a', 't', 'y'],
    [0, 'hello, world, 0', 'x'],
  ],
  [
    'tab with varied commas',
    `a\tt\n${lines((i) => `${i}\thello${', x'.repeat(i % 4)}`)}`,
    ['a', 't'],
    [0, 'hello'],
  ],
  [
    'comma with semicolon lists',
    `a,tags,y\n${lines((i) => `${i},x;y;z,p`)}`,
    ['a', 'tags', 'y'],
    [0, 'x;y;z', 'p'],
  ],
  [
    'comma with bar lists',
    `a,genres,y\n${lines((i) => `${i},Drama|War|Comedy,p`)}`,
    ['a', 'genres', 'y'],
    [0, 'Drama|War|Comedy', 'p'],
  ],
  [
    'comma with ragged bar lists',
    `id,title,genres\n${lines((i) => `${i},Film ${i},${['Drama', 'War', 'Comedy', 'X'].slice(0, 1 + (i % 4)).join('|')}`)}`,
    ['id', 'title', 'genres'],
    [0, 'Film 0', 'Drama'],
  ],
  [
    'two columns comma; long semicolon lists',
    `a,tags\n${lines((i) => `${i},x;y;z;w`)}`,
    ['a', 'tags'],
    [0, 'x;y;z;w'],
  ],
  [
    'two columns comma; bar lists no header number',
    `name,tags\n${lines((i) => `n${i},x|y|z|w`)}`,
    ['name', 'tags'],
    ['n0', 'x|y|z|w'],
  ],
  [
    'semicolon with thousands points',
    `a;b;y\n${lines((i) => `1.${200 + i};2.345.${600 + i};x`)}`,
    ['a', 'b', 'y'],
    [1.2, '2.345.600', 'x'],
  ],
  [
    'semicolon thousands and decimals',
    `a;b\n${lines((i) => `1.${200 + i},5;${i},25`)}`,
    ['a', 'b'],
    ['1.200,5', '0,25'],
  ],
  [
    'quoted cells hold other delimiter',
    `"a";"b"\n${lines((i) => `"x,${i}";"y,z"`)}`,
    ['a', 'b'],
    ['x,0', 'y,z'],
  ],
  [
    'quoted commas comma file',
    `a,b,c\n${lines((i) => `"x;${i}",${i},"q;r;s;t"`)}`,
    ['a', 'b', 'c'],
    ['x;0', 0, 'q;r;s;t'],
  ],
  ['trailing semicolons header too', `a;b;\n${lines((i) => `${i};x;`)}`, ['a', 'b'], [0, 'x']],
  ['trailing semicolons rows only', `a;b\n${lines((i) => `${i};x;`)}`, ['a', 'b'], [0, 'x']],
  ['trailing semicolons header only', `a;b;c;\n${lines((i) => `${i};x;1`)}`, ['a', 'b', 'c'], [0, 'x', 1]],
  ['trailing many', `a;b;;;\n${lines((i) => `${i};x;;;`)}`, ['a', 'b'], [0, 'x']],
  ['trailing commas', `a,b,\n${lines((i) => `${i},x,`)}`, ['a', 'b'], [0, 'x']],
  ['trailing comma one col', `a,\n${lines((i) => `${i},`)}`, ['a'], [0]],
  [
    'some rows trailing',
    `a;b;c\n${lines((i) => `${i};x;1${i % 2 ? ';' : ''}`)}`,
    ['a', 'b', 'c'],
    [0, 'x', 1],
  ],
  [
    'ragged dates',
    lines((i) => `April ${i + 1}, 2023;${i};25.00;paid;`),
    ['column1', 'column2', 'column3', 'column4'],
    ['April 1, 2023', 0, 25, 'paid'],
  ],
  [
    'header+dates',
    `date;n;amount;status\n${lines((i) => `April ${i + 1}, 2023;${i};25.00;paid`)}`,
    ['date', 'n', 'amount', 'status'],
    ['April 1, 2023', 0, 25, 'paid'],
  ],
  [
    'header with dates 2 col',
    `date;n\n${lines((i) => `April ${i + 1}, 2023;${i}`)}`,
    ['date', 'n'],
    ['April 1, 2023', 0],
  ],
  [
    'last, first names semicolons',
    `name;age\n${lines((i) => `Doe, John ${i};${30 + i}`)}`,
    ['name', 'age'],
    ['Doe, John 0', 30],
  ],
  [
    'last, first names semicolons header comma',
    `name, first;age\n${lines((i) => `Doe, John ${i};${30 + i}`)}`,
    ['name, first', 'age'],
    ['Doe, John 0', 30],
  ],
  ['times with bars', `a|b|c\n${lines((i) => `${i}|x, y|z;w`)}`, ['a', 'b', 'c'], [0, 'x, y', 'z;w']],
  ['psv decimal comma', `a|b\n${lines((i) => `${i},5|${i},25`)}`, ['a', 'b'], ['0,5', '0,25']],
  ['tab decimal comma', `a\tb\n${lines((i) => `${i},5\t${i},25`)}`, ['a', 'b'], ['0,5', '0,25']],
  [
    'mixed ints and decimals',
    `a;b;c\n${lines((i) => `${i % 3 ? `${i},5` : i};${i};w`)}`,
    ['a', 'b', 'c'],
    ['0', 0, 'w'],
  ],
  [
    'decimal comma missing',
    `a;b\n${lines((i) => `${i % 3 ? `${i},5` : ''};${i},5`)}`,
    ['a', 'b'],
    ['', '0,5'],
  ],
  [
    'german header long',
    `Datum;Preis in €;Menge, kg\n${lines((i) => `0${i + 1}.01.2023;${i},99;${i},5`)}`,
    ['Datum', 'Preis in €', 'Menge, kg'],
    ['01.01.2023', '0,99', '0,5'],
  ],
  [
    'one text column with commas (sentences)',
    `text\n${lines((i) => `Hello, this is ${i}, yes`)}`,
    ['text'],
    ['Hello, this is 0, yes'],
  ],
  ['spaces', 'a b c\n1 2 3\n4 5 6\n', ['a b c'], ['1 2 3']],
  ['comma, comma-space', `a, b, c\n${lines((i) => `${i}, x, y`)}`, ['a', 'b', 'c'], [0, 'x', 'y']],
  ['time 12:30;', `time;v\n${lines((i) => `12:3${i};${i}`)}`, ['time', 'v'], ['12:30', 0]],
  [
    'coordinates semicolons',
    `place;coords;n\n${lines((i) => `p${i};48.${i}, 11.${i};${i}`)}`,
    ['place', 'coords', 'n'],
    ['p0', '48.0, 11.0', 0],
  ],
  [
    'coordinates no header',
    lines((i) => `p${i};48.${i}, 11.${i};${i}`),
    ['column1', 'column2', 'column3'],
    ['p0', '48.0, 11.0', 0],
  ],
  ['json in cell tab', `id\tj\n${lines((i) => `${i}\t[1,2,3,4]`)}`, ['id', 'j'], [0, '[1,2,3,4]']],
  ['excel sep=', `sep=;\na;b\n${lines((i) => `${i},5;${i}`)}`, ['a', 'b'], ['0,5', 0]],
  [
    'comma file, wide, half semis in notes',
    `a,b,notes\n${lines((i) => `${i},${i},${i % 2 ? 'a; b; c' : 'x'}`)}`,
    ['a', 'b', 'notes'],
    [0, 0, 'x'],
  ],
  ['US thousands quoted in comma', `a,b\n${lines((i) => `"1,23${i}",x`)}`, ['a', 'b'], ['1,230', 'x']],
  ['semicolon US thousands', `a;b\n${lines((i) => `1,23${i};x`)}`, ['a', 'b'], ['1,230', 'x']],
  ['few rows semicolons', 'a;b;c\n1,5;2;x\n', ['a', 'b', 'c'], ['1,5', 2, 'x']],
  ['few rows comma', 'a,b,c\n1.5,2,x;y\n', ['a', 'b', 'c'], [1.5, 2, 'x;y']],
  ['comma and empties', `a,b,c\n${lines((i) => `,,${i}`)}`, ['a', 'b', 'c'], [null, null, 0]],
  [
    'decimal comma with sign & exponent',
    `a;b\n${lines((i) => `-${i},5e3;+${i},25`)}`,
    ['a', 'b'],
    ['-0,5e3', '+0,25'],
  ],
  [
    'negative decimals, three cols, no header',
    lines((i) => `-${i},5;${i};-1,25`),
    ['column1', 'column2', 'column3'],
    ['-0,5', 0, '-1,25'],
  ],
  ['bars in quotes comma', `a,b\n${lines((i) => `"x|y",${i}`)}`, ['a', 'b'], ['x|y', 0]],
  ['nbsp thousands', `a;b\n${lines((i) => `1\u00a0${200 + i},5;x`)}`, ['a', 'b'], ['1\u00a0200,5', 'x']],
  ['a single row', '1,5;2,5;kurz\n', ['column1', 'column2', 'column3'], ['1,5', '2,5', 'kurz']],
  [
    'the same three words a line after commas and blanks',
    lines((i) => `${i};a, b, c`),
    ['column1', 'column2'],
    [0, 'a, b, c'],
  ],
  ['the same below names', `n;text\n${lines((i) => `${i};a, b, c`)}`, ['n', 'text'], [0, 'a, b, c']],
])('%s', async (_, content, names, firstRow) => {
  const file = await readFiles({ body: content })
  expect(file.source.columns.map(({ name }) => name)).toEqual(names)
  expect(rowsOf(file)[0]).toEqual(firstRow)
})

test('a decimal comma is not a delimiter', async () => {
  const content = `a;b\n${lines((row) => `${row},x;y`)}`
  const file = await readFiles({ body: content }, { options: { decimal: 'comma' } })
  expect(rowsOf(file)[0]).toEqual(['0,x', 'y'])
  const quoted = await readFiles({ body: '"a","b"\n"1,5","2,5"\n' }, { options: { decimal: 'comma' } })
  expect(rowsOf(quoted)).toEqual([['1,5', '2,5']])
})

test('lines are counted after the line that names the delimiter', async () => {
  const { lines: found } = await readFiles({ body: 'sep=;\r\na;b\r\n1;2\r\n3;4\r\n' })
  expect(found).toEqual([3, 4])
})

test('a cell after the last column is refused if previous lines had none', async () => {
  const content = `a;b;\n${lines((row) => `${row};x;`)}9;x;late\n`
  expect((await readFiles({ body: content })).source.columns.map(({ name }) => name)).toEqual([
    'a',
    'b',
    'column3',
  ])
  const far = `a;b;\n${`1;${'x'.repeat(60)};\n`.repeat(60_000)}9;x;late\n`
  const request = { limits: { rows: 100_000 } }
  await expect(readFiles({ body: far }, request)).rejects.toThrow(
    /^line 60002 has 3 cells, the header has 2 columns/,
  )
}, 20_000)
