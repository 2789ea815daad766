/** Chooses a file for the playground, and the columns that it draws. */
import { useState } from 'preact/hooks'
import { client } from '../api/client.js'
import { type Problem, toProblem } from '../api/problem.js'
import type { Preview } from '../api/types.js'
import { SelectField } from '../components/field.js'
import { Icon } from '../components/icon.js'
import { ErrorNotice } from '../components/notice.js'
import { plural } from '../format.js'
import { type ChosenColumns, inputColumns, proposeColumns, storeColumns } from '../playground/own-file.js'
import type { Playground } from '../playground/use-playground.js'

interface Chosen {
  file: File
  preview: Preview
  columns: ChosenColumns
}

export function FileSettings({ playground }: { playground: Playground }) {
  const { own, chooseFile } = playground
  const [chosen, setChosen] = useState<Chosen | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const [isBusy, setBusy] = useState(false)
  const attempt = async (work: () => Promise<void>) => {
    setBusy(true)
    setProblem(null)
    await work().catch((error) => setProblem(toProblem(error)))
    setBusy(false)
  }
  const open = (file: File | undefined) => {
    if (file === undefined) return
    setChosen(null)
    void attempt(async () => {
      const found = await client.datasets.preview([file], {}, { timeout: 60_000 })
      setChosen({ file, preview: found, columns: proposeColumns(found) })
    })
  }
  const store = ({ file, preview, columns }: Chosen) =>
    attempt(async () => {
      chooseFile((await storeColumns(file, preview, columns)).id)
      setChosen(null)
    })
  return (
    <>
      <label class="field">
        File with columns and a header
        <input
          type="file"
          disabled={isBusy}
          onChange={({ currentTarget }) => open(currentTarget.files?.[0])}
        />
      </label>
      {chosen === null ? null : (
        <>
          <ColumnFields
            chosen={chosen}
            onChange={(part) => setChosen({ ...chosen, columns: { ...chosen.columns, ...part } })}
          />
          <button type="button" disabled={isBusy} onClick={() => void store(chosen)}>
            <Icon name="upload" /> Use these columns
          </button>
        </>
      )}
      <ErrorNotice error={problem ?? own.error} />
      <p class="hint">
        {own.value === null
          ? 'Two columns of numbers and one of classes, or one of numbers and a number to predict.'
          : `${own.value.name}: ${plural(own.value.rows.points.length + own.value.rows.samples.length, 'row')}, ${own.value.target} by ${own.value.inputs.join(' and ')}.`}
      </p>
    </>
  )
}

function ColumnFields(props: { chosen: Chosen; onChange(part: Partial<ChosenColumns>): void }) {
  const { preview, columns } = props.chosen
  const { onChange } = props
  const inputs = inputColumns(preview)
  const options = (names: readonly string[]) => names.map((name) => [name, name] as const)
  return (
    <>
      <div class="pair">
        <SelectField
          label="Horizontal"
          value={columns.x}
          onChange={(x) => onChange({ x })}
          options={options(inputs)}
        />
        <SelectField
          label="Vertical"
          value={columns.y}
          onChange={(y) => onChange({ y })}
          options={[['', 'none: a curve'], ...options(inputs)]}
        />
      </div>
      <SelectField
        label="Target"
        value={columns.target}
        onChange={(target) => onChange({ target })}
        options={options(preview.columns.map(({ name }) => name))}
      />
    </>
  )
}
