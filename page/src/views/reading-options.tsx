/** Options of an upload: target, missing values and text format. */
import type { Preview } from '../api/types.js'
import { Choice, SelectField } from '../components/field.js'
import { plural } from '../format.js'
import { type ReadingChoices, targetsIn, wholeNumberTarget, withEntry } from './reading-choices.js'

interface Props {
  choices: ReadingChoices
  preview: Preview | null
  delimited: boolean
  onChange(part: Partial<ReadingChoices>): void
}

export function ReadingOptions({ choices, preview, delimited, onChange }: Props) {
  return (
    <>
      <div class="options">
        {preview === null || preview.image !== null ? null : (
          <TargetField preview={preview} onChange={onChange} />
        )}
        <SelectField
          label="Missing values"
          value={choices.missing}
          onChange={(missing) => onChange({ missing })}
          hint={missingHints[choices.missing]}
          options={[
            ['impute', 'impute'],
            ['mean', 'mean or mode'],
            ['drop', 'drop rows'],
          ]}
        />
        {delimited ? <TextOptions choices={choices} onChange={onChange} /> : null}
      </div>
      {preview === null ? null : <WholeNumbers preview={preview} choices={choices} onChange={onChange} />}
    </>
  )
}

const missingHints = {
  impute: 'A missing number becomes the mean. Missing text becomes a separate category.',
  mean: 'A missing number becomes the mean. Missing text becomes the most frequent value.',
  drop: 'Rows with a missing value in any column are dropped.',
} as const satisfies Record<ReadingChoices['missing'], string>

const several = '\0several'

function TargetField({ preview, onChange }: Pick<Props, 'onChange'> & { preview: Preview }) {
  const targets = targetsIn(preview)
  const [first = ''] = targets
  return (
    <SelectField
      label="Target"
      value={targets.length > 1 ? several : first}
      onChange={(name) => {
        if (name !== several) onChange({ target: [name] })
      }}
      options={[
        ...(targets.length > 1 ? [[several, targets.join(', ')] as const] : []),
        ...preview.columns.map(({ name }) => [name, name] as const),
      ]}
    />
  )
}

function TextOptions({ choices, onChange }: Pick<Props, 'choices' | 'onChange'>) {
  return (
    <>
      <SelectField
        label="Decimal separator"
        value={choices.decimal}
        onChange={(decimal) => onChange({ decimal })}
        options={[
          ['auto', 'automatic'],
          ['point', 'point: 1.5'],
          ['comma', 'comma: 1,5'],
        ]}
      />
      <SelectField
        label="First line"
        value={choices.header}
        onChange={(header) => onChange({ header })}
        options={[
          ['auto', 'automatic'],
          ['true', 'column names'],
          ['false', 'data'],
        ]}
      />
      <SelectField
        label="Delimiter"
        value={choices.delimiter}
        onChange={(delimiter) => onChange({ delimiter })}
        options={[
          ['auto', 'automatic'],
          ['comma', 'comma'],
          ['semicolon', 'semicolon'],
          ['tab', 'tab'],
          ['bar', 'vertical bar'],
        ]}
      />
    </>
  )
}

/** Asks whether an integer target is classes or numbers. */
function WholeNumbers(props: Pick<Props, 'choices' | 'onChange'> & { preview: Preview }) {
  const { preview, choices, onChange } = props
  const target = wholeNumberTarget(preview, choices.types)
  if (target === null) return null
  const { name, distinct, readAs } = target
  const what = distinct === null ? 'integers' : plural(distinct, 'distinct integer')
  return (
    <div class="notice">
      <Choice
        label={`${name} contains ${what}. Read as`}
        value={readAs}
        onChange={(type) => onChange({ types: withEntry(choices.types, name, type) })}
        options={[
          ['category', 'classes'],
          ['number', 'numbers'],
        ]}
      />
      <p class="hint">
        {readAs === 'category'
          ? 'The model predicts one of these values, with a probability for each.'
          : 'The model predicts any number, such as 2.7, and minimizes the distance to the target.'}
      </p>
    </div>
  )
}
