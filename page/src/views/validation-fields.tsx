/** The rows that a job is judged by: a share of the dataset held out, or another dataset, which may be uploaded here. */
import { useState } from 'preact/hooks'
import { type ApiError, upload } from '../api/client.js'
import type { JobSpec } from '../api/types.js'
import { toApiError } from '../components/use-query.js'
import { NumberField, SelectField } from '../components/field.js'
import { Icon } from '../components/icon.js'
import { ErrorNotice } from '../components/notice.js'
import { datasetTitle } from './job-data.js'
import type { JobForm, Split } from './job-form.js'
import type { TrainingProps } from './job-training.js'

export function ValidationFields(props: TrainingProps) {
  const { form, change, errorAt } = props
  return (
    <div class="pair wide">
      <SelectField
        label="Judged by"
        value={form.heldOut}
        onChange={(heldOut) => change({ heldOut })}
        options={[
          ...(form.chosenBy === 'service' ? [['service', 'rows that the service chooses'] as const] : []),
          ['share', 'a share of the rows'],
          ['dataset', 'another dataset'],
        ]}
      />
      {form.heldOut === 'share' ? (
        <NumberField
          label="Validation split"
          value={form.validationSplit}
          min={0}
          max={0.9}
          step={0.05}
          hint="share held out"
          error={errorAt('/validationSplit')}
          onChange={(validationSplit) => change({ validationSplit })}
        />
      ) : null}
      {form.heldOut === 'dataset' ? <ValidationDataset {...props} /> : <SplitField {...props} />}
    </div>
  )
}

const splitNames: Record<Split, string> = {
  stratified: 'stratified: the same share of each class',
  random: 'random',
  chronological: 'chronological: the last rows',
}

function SplitField({ form, dataset, spec, change, errorAt }: TrainingProps) {
  const splits: Split[] =
    dataset.classes === null ? ['random', 'chronological'] : ['stratified', 'random', 'chronological']
  return (
    <SelectField
      label="Rows held out"
      value={form.split}
      error={errorAt('/split')}
      onChange={(split) => change({ split })}
      options={[
        ['default', defaultName(form, spec)],
        ...splits.map((split) => [split, splitNames[split]] as const),
      ]}
    />
  )
}

const defaultName = ({ split }: JobForm, spec: JobSpec | null) =>
  spec === null || split !== 'default' ? 'the default' : `the default: ${spec.split}`

function ValidationDataset({ form, dataset, datasets, change, errorAt, onDataset }: TrainingProps) {
  const [problem, setProblem] = useState<ApiError | null>(null)
  const [sending, setSending] = useState(false)
  const others = datasets.filter(({ id, origin }) => id !== dataset.id && origin === 'uploaded')
  const take = async (list: FileList | null) => {
    const files = [...(list ?? [])]
    const [first] = files
    if (first === undefined) return
    setSending(true)
    try {
      // Its columns are read as those of the dataset that is trained on.
      const made = await upload(files, { name: first.name.replace(/(\.\w+)+$/, ''), like: dataset.id })
      onDataset(made)
      change({ validationDataset: made.id })
      setProblem(null)
    } catch (error) {
      setProblem(toApiError(error))
    }
    setSending(false)
  }
  return (
    <>
      <SelectField
        label="Validation dataset"
        value={form.validationDataset}
        error={errorAt('/validationDataset')}
        onChange={(validationDataset) => change({ validationDataset })}
        options={[['', 'choose …'], ...others.map((each) => [each.id, datasetTitle(each)] as const)]}
      />
      <label class={`button file ${sending ? 'busy' : ''}`}>
        <Icon name="upload" /> {sending ? 'Reading …' : 'Upload validation rows'}
        <input
          type="file"
          disabled={sending}
          onChange={({ currentTarget }) => {
            void take(currentTarget.files).then(() => {
              currentTarget.value = ''
            })
          }}
        />
      </label>
      <ErrorNotice error={problem} />
    </>
  )
}
