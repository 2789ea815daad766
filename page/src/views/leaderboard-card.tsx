/** Sets the hidden rows and the metric of a leaderboard. */
import { useState } from 'preact/hooks'
import { client } from '../api/client.js'
import type { Workshop } from '../api/types.js'
import { DropZone } from '../components/drop-zone.js'
import { SelectField } from '../components/field.js'
import { ErrorNotice } from '../components/notice.js'
import { useQuery } from '../components/use-query.js'
import { useChange } from '../use-change.js'
import { datasetTitle } from './job-data.js'
import { metricNames } from './leaderboard.js'

type Leaderboard = NonNullable<Workshop['leaderboard']>
type Metric = Leaderboard['metric']

const metrics = Object.entries(metricNames) as [Metric, string][]

interface Props {
  id: string
  leaderboard: Leaderboard | null
  onChanged(): void
}

export function LeaderboardCard({ id, leaderboard, onChanged }: Props) {
  const [dataset, setDataset] = useState(leaderboard?.dataset ?? '')
  const [metric, setMetric] = useState<Metric>(leaderboard?.metric ?? 'accuracy')
  const list = useQuery('datasets', (client) => client.request('GET /datasets', { query: { limit: 100 } }))
  const change = useChange(onChanged)
  const sending = useChange(list.refetch)
  const uploaded = list.value?.data.filter(({ origin }) => origin !== 'builtIn') ?? []
  const isSaved =
    dataset === (leaderboard?.dataset ?? '') && (dataset === '' || metric === leaderboard?.metric)
  const save = (event: Event) => {
    event.preventDefault()
    const chosen = dataset === '' ? null : { dataset, metric }
    void change.run(() =>
      client.request('PATCH /workshops/{id}', { path: { id }, body: { leaderboard: chosen } }),
    )
  }
  const send = (files: File[]) =>
    sending.run(async () => {
      const name = files[0]?.name.replace(/(\.\w+)+$/, '').slice(0, 200)
      const stored = await client.datasets.upload(files, { name })
      setDataset(stored.id)
    })
  return (
    <form class="card" onSubmit={save} noValidate>
      <h2>Leaderboard</h2>
      <DropZone label="Upload hidden rows" multiple={false} onFiles={(files) => void send(files)}>
        <b>Drop the hidden rows here</b> or choose a file with the columns that participants train on.
      </DropZone>
      <ErrorNotice error={sending.problem} />
      <div class="controls">
        <SelectField
          label="Hidden rows"
          value={dataset}
          onChange={setDataset}
          hint="Participants never see them. Each run that succeeds is evaluated on them."
          options={[['', 'None'], ...uploaded.map((each) => [each.id, datasetTitle(each)] as const)]}
        />
        <SelectField label="Metric" value={metric} onChange={setMetric} options={metrics} />
      </div>
      <ErrorNotice error={change.problem} />
      <div class="actions">
        <button type="submit" disabled={change.isSending || isSaved}>
          {change.isSending ? 'Saving …' : 'Save leaderboard'}
        </button>
        <span class="hint" role="status">
          {isSaved && leaderboard !== null ? 'Saved.' : ''}
        </span>
      </div>
    </form>
  )
}
