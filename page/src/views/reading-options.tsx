/** Choices about a whole upload: what is predicted, what becomes of missing values, and how its text is written. */
import type { Preview } from '../api/types.js'
import { plural } from '../format.js'
import { Choice, SelectField } from '../components/field.js'
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
            ['impute', 'fill them in'],
            ['mean', 'usual value'],
            ['drop', 'leave rows out'],
          ]}
        />
        {delimited ? <TextOptions choices={choices} onChange={onChange} /> : null}
      </div>
      {preview === null ? null : <WholeNumbers preview={preview} choices={choices} onChange={onChange} />}
    </>
  )
}

const missingHints = {
  impute: 'A number becomes the mean; a gap between words is a category of its own.',
  mean: 'A number becomes the mean, a word the most frequent one.',
  drop: 'A row with a gap in any column is not learned from.',
} as const satisfies Record<ReadingChoices['missing'], string>

const several = '\0several'

function TargetField({ preview, onChange }: Pick<Props, 'onChange'> & { preview: Preview }) {
  const targets = targetsIn(preview)
  const [first = ''] = targets
  return (
    <SelectField
      label="Target: what is to be predicted"
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
        label="Decimal sign"
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
          ['true', 'names the columns'],
          ['false', 'is a row'],
        ]}
      />
      <SelectField
        label="Between cells"
        value={choices.delimiter}
        onChange={(delimiter) => onChange({ delimiter })}
        options={[
          ['auto', 'automatic'],
          ['comma', 'comma'],
          ['semicolon', 'semicolon'],
          ['tab', 'tab'],
          ['bar', 'bar'],
        ]}
      />
    </>
  )
}

/** Whole numbers as a target: names of classes, or amounts. */
function WholeNumbers(props: Pick<Props, 'choices' | 'onChange'> & { preview: Preview }) {
  const { preview, choices, onChange } = props
  const target = wholeNumberTarget(preview, choices.types)
  if (target === null) return null
  const { name, different, readAs } = target
  const what = different === null ? 'whole numbers' : plural(different, 'different whole number')
  return (
    <div class="notice">
      <Choice
        label={`${name} holds ${what}. They are`}
        value={readAs}
        onChange={(type) => onChange({ types: withEntry(choices.types, name, type) })}
        options={[
          ['category', 'classes'],
          ['number', 'numbers'],
        ]}
      />
      <p class="hint">
        {readAs === 'category'
          ? 'The model answers with one of these numbers, and with a probability for each.'
          : 'The model answers with any number, such as 2.7; how far it is off counts.'}
      </p>
    </div>
  )
}
