/** A coding with every type of column and every rule, rows that use them, and networks over it. */
import type { Coding, FeatureCoding } from '../../src/contract/dataset.js'
import type { InputRow } from '../../src/datasets/raw-rows.js'
import { type Exportable, exportable } from './export-cases.js'
import { endings } from './export-networks.js'

const features: FeatureCoding[] = [
  {
    type: 'number',
    name: 'age (years)',
    offset: 40.5,
    scale: 12.25,
    imputation: 38,
    missingTexts: ['-99', 'n/a'],
  },
  { type: 'number', name: 'Größe', offset: 1.7, scale: 0.2, decimal: 'comma' },
  {
    type: 'category',
    name: 'city',
    categories: ['(missing)', 'Bern', 'New "York"', 'Zürich??/', '雪'],
    unseen: ['Bern'],
    imputation: '(missing)',
  },
  { type: 'category', name: 'class', categories: ['1', '2.50', 'true', '*/ x'] },
  { type: 'boolean', name: 'member', imputation: true },
  { type: 'boolean', name: 'int' },
  {
    type: 'date',
    name: 'joined',
    first: 11_000.5,
    dateOrder: 'monthFirst',
    imputation: 12_345,
    parts: [
      { part: 'year', offset: 2_005, scale: 4 },
      { part: 'month', offset: 6, scale: 3 },
      { part: 'dayOfWeek', offset: 3, scale: 2 },
      { part: 'daysSinceFirst', offset: 1_500, scale: 900 },
    ],
  },
]

const derived: NonNullable<Coding['derived']> = [
  { type: 'sin', of: ['Größe'], offset: 0.1, scale: 0.4 },
  { type: 'product', of: ['Größe', 'age (years)'], offset: 70, scale: 31.5 },
  { type: 'square', of: ['age (years)'], offset: 1_790.5, scale: 990 },
  { type: 'sin', of: ['age (years)'], offset: 0, scale: 1 },
]

/** In the order of the columns. */
const messyRows: InputRow[] = [
  [31, 1.82, 'New "York"', '1', true, false, '2004-02-29'],
  [null, '1,65', ' Zürich??/ ', 2.5, null, 'yes', '3/4/2011'],
  ['-99', '1.000,5', 'nan', true, 'F', 0, null],
  [-99, '1.5', '雪', null, '?', '1', '31 Jan 1965'],
  ['N/A', 2, 'Bern', '*/ x', 'TRUE', 'n', 'Feb 3, 2024 10:30 PM +02:00'],
  ['1e1', '-0,5', 'elsewhere', 'elsewhere', 1, true, '24.12.69'],
  {
    'age (years)': 20,
    Größe: 1.5,
    int: 'no',
    note: 'ignored',
    ' class ': 1,
    member: false,
    joined: '1912-06',
  },
  { int: true, Größe: '1,9', joined: '0099-12-31' },
]

/** One network for each ending, every second with derived features. */
export function messyTables(): (Exportable & { title: string })[] {
  return Object.entries(endings).map(
    ([title, { units, activation, loss, target, threshold = null }], index) => {
      const layers = [
        { type: 'dense' as const, units: 6, activation: 'tanh' as const },
        { type: 'dense' as const, units, activation },
      ]
      const hasDerived = index % 2 === 0
      const network = { inputShape: [17 + (hasDerived ? derived.length : 0)], layers }
      const parts = {
        ...{ network, loss, target, threshold, features, rows: messyRows, ignored: ['note'] },
        ...(hasDerived ? { derived } : {}),
      }
      return { title, ...exportable({ id: `messy${index}`, ...parts }) }
    },
  )
}
