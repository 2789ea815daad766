/** The columns of an uploaded file with their types, roles, missing values and warnings. */
import { useState } from 'preact/hooks'
import type { Preview } from '../api/types.js'
import { TableHead } from '../components/table-head.js'
import { plural, short, whole } from '../format.js'
import {
  type ColumnType,
  type MissingRule,
  type ReadingChoices,
  targetsIn,
  withEntry,
} from './reading-choices.js'

type Column = Preview['columns'][number]
type Warning = Preview['warnings'][number]

const maxColumns = 100

interface Props {
  preview: Preview
  choices: ReadingChoices
  /** Warnings about single columns. */
  warnings: readonly Warning[]
  onChange(part: Partial<ReadingChoices>): void
}

export function ColumnTable({ preview, choices, warnings, onChange }: Props) {
  const { columns } = preview
  const examples = new Map(preview.examples.map(({ name, texts }) => [name, texts]))
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrolling by keyboard needs focus */}
      <section class="scroll" tabIndex={0} aria-label="Columns of the file">
        <table class="plain small column-table">
          <TableHead heads={['Column', 'Examples', 'Type', 'Role', 'Missing values']} />
          <tbody>
            {columns.slice(0, maxColumns).map((column) => (
              <Row
                key={column.name}
                column={column}
                examples={examples.get(column.name) ?? []}
                choices={choices}
                targets={targetsIn(preview)}
                warnings={warnings.filter(({ columns }) => columns.includes(column.name))}
                onChange={onChange}
              />
            ))}
          </tbody>
        </table>
      </section>
      {columns.length > maxColumns ? (
        <p class="hint">and {whole(columns.length - maxColumns)} more columns</p>
      ) : null}
    </>
  )
}

interface RowProps extends Pick<Props, 'choices' | 'warnings' | 'onChange'> {
  column: Column
  examples: readonly string[]
  targets: readonly string[]
}

function Row({ column, examples, choices, targets, warnings, onChange }: RowProps) {
  const { name, type, role } = column
  return (
    <tr class={type === 'ignored' ? 'ignored' : ''}>
      <th scope="row">
        {name}
        {role === 'target' ? <span class="tag">target</span> : null}
        {warnings.map(({ code, message }) => (
          <small key={`${code} ${message}`} class="warning">
            {message}
          </small>
        ))}
      </th>
      <td class="examples">{exampleText(column, examples)}</td>
      <td>
        <TypeSelect column={column} choices={choices} onChange={onChange} />
      </td>
      <td>
        <select
          aria-label={`Role of ${name}`}
          value={role}
          disabled={type === 'ignored'}
          onChange={({ currentTarget: { value } }) =>
            onChange({
              target: value === 'target' ? [...targets, name] : targets.filter((target) => target !== name),
            })
          }
        >
          {(type === 'ignored' ? ['none'] : ['feature', 'target']).map((option) => (
            <option key={option} value={option} selected={option === role}>
              {option}
            </option>
          ))}
        </select>
      </td>
      <td>
        <MissingChoice column={column} choices={choices} onChange={onChange} />
      </td>
    </tr>
  )
}

function exampleText({ categories, min, max, type }: Column, examples: readonly string[]): string {
  const text = examples.join(', ')
  if (type === 'category' && categories !== undefined) {
    return `${text} (${plural(categories.length, 'category', 'categories')})`
  }
  if (type === 'number' && min !== undefined) return `${text} (${short(min)} to ${short(max)})`
  return text
}

const typeNames: Record<ColumnType, string> = {
  number: 'number',
  category: 'category',
  boolean: 'yes or no',
  date: 'date',
  ignored: 'ignored',
}
const types = ['number', 'category', 'boolean', 'date', 'ignored'] as const satisfies ColumnType[]

function TypeSelect({ column, choices, onChange }: Pick<RowProps, 'column' | 'choices' | 'onChange'>) {
  const { name, type } = column
  return (
    <select
      aria-label={`Type of ${name}`}
      value={type}
      onChange={({ currentTarget: { value } }) =>
        onChange({
          types: withEntry(
            choices.types,
            name,
            types.find((known) => known === value),
          ),
        })
      }
    >
      {types.map((option) => (
        <option key={option} value={option} selected={option === type}>
          {typeNames[option]}
        </option>
      ))}
    </select>
  )
}

const rules = ['', 'impute', 'mean', 'drop', 'constant'] as const
const ruleNames: Record<(typeof rules)[number], string> = {
  '': 'default',
  impute: 'impute',
  mean: 'mean or mode',
  drop: 'drop rows',
  constant: 'a constant',
}

function MissingChoice({ column, choices, onChange }: Pick<RowProps, 'column' | 'choices' | 'onChange'>) {
  const { name, missing = 0, type } = column
  const rule = choices.missingByColumn.get(name)
  // The rule is sent once a constant is entered.
  const [isConstant, setConstant] = useState(typeof rule === 'object')
  if (type === 'ignored' || (missing === 0 && rule === undefined)) {
    return <span class="hint">{missing === 0 ? 'none' : whole(missing)}</span>
  }
  const choose = (next: MissingRule | undefined) =>
    onChange({ missingByColumn: withEntry(choices.missingByColumn, name, next) })
  return (
    <span class="missing">
      <span class="figure">{whole(missing)}</span>
      <select
        aria-label={`Missing values of ${name}`}
        value={isConstant ? 'constant' : typeof rule === 'string' ? rule : ''}
        onChange={({ currentTarget: { value } }) => {
          const chosen = rules.find((known) => known === value) ?? ''
          setConstant(chosen === 'constant')
          if (chosen !== 'constant') choose(chosen === '' ? undefined : chosen)
        }}
      >
        {rules.map((option) => (
          <option key={option} value={option}>
            {ruleNames[option]}
          </option>
        ))}
      </select>
      {isConstant ? (
        <input
          type="text"
          aria-label={`Constant for missing values of ${name}`}
          value={typeof rule === 'object' ? rule.constant : ''}
          onInput={({ currentTarget: { value } }) => choose(value === '' ? undefined : { constant: value })}
        />
      ) : null}
    </span>
  )
}
