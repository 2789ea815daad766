/** The table of all models. */
import { useState } from 'preact/hooks'
import type { Answer } from '../../../sdk/src/index.js'
import { DropZone } from '../components/drop-zone.js'
import { Heading } from '../components/heading.js'
import { Empty, ErrorNotice } from '../components/notice.js'
import { ShowMore } from '../components/show-more.js'
import { TableCard } from '../components/table-card.js'
import { readPages, useDebounced, useQuery } from '../components/use-query.js'
import { getTargetScaling, headline, scaleName } from '../figures.js'
import { ago, plural, whole } from '../format.js'
import { go, link } from '../router.js'
import { ImportCard } from './import-card.js'
import { filterQuery, type ModelFilter, noFilter } from './model-filter.js'

const pageSize = 50
const heads = ['Model', 'Inputs', 'Outputs', 'Parameters', 'Loss', 'Accuracy', 'Created']
const numbers = ['Parameters', 'Loss', 'Accuracy']
const debounceMilliseconds = 250

export function ModelsView() {
  const [limit, setLimit] = useState(pageSize)
  const [file, setFile] = useState<File | null>(null)
  const [filter, setFilter] = useState<ModelFilter>(noFilter)
  const settled = useDebounced(JSON.stringify(filterQuery(filter)), debounceMilliseconds)
  const list = useQuery(`${limit} ${settled}`, (client) =>
    readPages(
      (after) => client.request('GET /models', { query: { ...JSON.parse(settled), limit: pageSize, after } }),
      limit,
    ),
  )
  const isFiltered = settled !== '{}'
  const models = list.latest?.data ?? []
  return (
    <section>
      <div class="heading">
        <Heading>Models</Heading>
        <Filters filter={filter} change={(part) => setFilter((before) => ({ ...before, ...part }))} />
        <a href={link('registry')}>Registry of names</a>
      </div>
      {file === null ? (
        <DropZone label="Import a model" onFiles={([first]) => setFile(first ?? null)}>
          <b>Drop a model here</b> or choose one: safetensors or ONNX, exported by this service or trained
          elsewhere.
        </DropZone>
      ) : (
        <ImportCard file={file} onImported={({ id }) => go('models', id)} onCancel={() => setFile(null)} />
      )}
      <ErrorNotice error={list.error} />
      {list.value !== null && models.length === 0 && isFiltered ? (
        <Empty title="No matching models">No model has this name or id, these tags and this metadata.</Empty>
      ) : null}
      {list.value !== null && models.length === 0 && !isFiltered ? (
        <Empty title="No models yet">
          Every successful run creates a model. <a href={link('playground')}>Train one now</a>, or import one.
        </Empty>
      ) : null}
      {models.length === 0 ? null : (
        <TableCard heads={heads} numbers={numbers}>
          {models.map((model) => (
            <Row key={model.id} model={model} />
          ))}
        </TableCard>
      )}
      <ShowMore hasMore={list.latest?.hasMore ?? false} onClick={() => setLimit(limit + pageSize)} />
    </section>
  )
}

function Filters({ filter, change }: { filter: ModelFilter; change(part: Partial<ModelFilter>): void }) {
  const fields = [
    ['name', 'Name', 'name or id'],
    ['tags', 'Tags', 'fair, small'],
    ['metadata', 'Metadata', 'team=blue'],
  ] as const
  return (
    <div class="filters">
      {fields.map(([field, label, placeholder]) => (
        <div key={field} class="field inline">
          <label for={`filter-${field}`}>{label}</label>
          <input
            id={`filter-${field}`}
            type="search"
            placeholder={placeholder}
            value={filter[field]}
            onInput={(event) => change({ [field]: event.currentTarget.value })}
          />
        </div>
      ))}
    </div>
  )
}

type ListedModel = Answer<'GET /models'>['data'][number]

function Row({ model }: { model: ListedModel }) {
  const { id, name, tags, columns, classes, parameters, createdAt } = model
  const { rows, loss, accuracy } = headline(model.metrics)
  const scale = scaleName(getTargetScaling(model))
  // A constructed model has no loss.
  const isTrained = loss !== '–'
  return (
    <tr>
      <td class="name">
        <a href={link('models', id)}>{name ?? id.slice(0, 12)}</a>
        {tags.map((tag) => (
          <span key={tag} class="tag">
            {tag}
          </span>
        ))}
      </td>
      <td class="cut">{columns.length > 4 ? plural(columns.length, 'column') : columns.join(', ')}</td>
      <td class="cut">
        {classes === null
          ? 'numbers'
          : classes.length > 4
            ? plural(classes.length, 'class', 'classes')
            : classes.join(', ')}
      </td>
      <td class="number">{whole(parameters)}</td>
      <td class="number of-rows">
        {loss}
        {isTrained ? <small>{scale === null ? rows : `${rows}, ${scale}`}</small> : null}
      </td>
      <td class="number of-rows">
        {accuracy ?? '–'}
        {accuracy === null ? null : <small>{rows}</small>}
      </td>
      <td class="when">{ago(createdAt)}</td>
    </tr>
  )
}
