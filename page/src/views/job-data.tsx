/** Selects or uploads the dataset of a new job, and shows its columns. */
import type { Dataset } from '../api/types.js'
import { DropZone } from '../components/drop-zone.js'
import { SelectField } from '../components/field.js'
import { Icon } from '../components/icon.js'
import { TableHead } from '../components/table-head.js'
import { day, plural, short, whole } from '../format.js'
import { link } from '../router.js'
import { canSearch, searchedPoints } from '../sweeps/best-of-many.js'
import { featuresName, targetColumns } from './job-form.js'
import { DatasetThumbnails } from './thumbnails.js'

interface Props {
  datasets: readonly Dataset[]
  dataset: Dataset | undefined
  chosen: string
  error: string | undefined
  isSearching: boolean
  onChoose(id: string): void
  onFiles(files: File[]): void
  onSearch(dataset: Dataset): void
}

export const datasetTitle = ({ id, name, origin }: Dataset) =>
  origin === 'builtIn' ? id : `${name ?? id.slice(0, 12)} (uploaded)`

export function DataCard(props: Props) {
  const { datasets, dataset, chosen, error, isSearching, onChoose, onFiles, onSearch } = props
  return (
    <div class="card">
      <h2>Data</h2>
      <DropZone label="Upload a dataset" multiple onFiles={onFiles}>
        <b>Drop a file here</b> or choose one: CSV, JSON, Parquet, NumPy, IDX, or a ZIP of images in one
        folder per class. You can review the columns before it is stored.
      </DropZone>
      <p class="hint">
        Without a file, <a href={link('camera')}>record pictures with the camera</a>.
      </p>
      <SelectField
        label="Dataset"
        value={chosen}
        onChange={onChoose}
        error={error}
        options={datasets.map((each) => [each.id, datasetTitle(each)])}
      />
      {dataset === undefined ? null : <Columns dataset={dataset} />}
      {dataset === undefined || !canSearch(dataset) ? null : (
        <div class="actions">
          <button type="button" disabled={isSearching} onClick={() => onSearch(dataset)}>
            <Icon name="play" /> Find the best of {searchedPoints}
          </button>
          <span class="hint">Trains {searchedPoints} networks on this dataset and ranks them.</span>
        </div>
      )}
    </div>
  )
}

const maxColumns = 40

function Columns({ dataset }: { dataset: Dataset }) {
  const { id, image, columns, rows, warnings } = dataset
  const targets = targetColumns(dataset)
    .map(({ name }) => name)
    .join(', ')
  return (
    <>
      <p class="hint">
        {plural(rows, 'row')}, {featuresName(dataset)}, target {targets}
      </p>
      {image === null ? (
        <div class="scroll short">
          <table class="plain small">
            <TableHead heads={['Column', 'Type', 'Values']} />
            <tbody>
              {columns.slice(0, maxColumns).map((column) => (
                <tr key={column.name}>
                  <td class="cut">
                    {column.name}
                    {column.role === 'target' ? <span class="tag">target</span> : null}
                  </td>
                  <td>{column.type}</td>
                  <td class="cut">{valueSummary(column)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <DatasetThumbnails key={id} dataset={dataset} />
      )}
      {image === null && columns.length > maxColumns ? (
        <p class="hint">and {whole(columns.length - maxColumns)} more columns</p>
      ) : null}
      {warnings.map(({ code, message }) => (
        <p key={`${code} ${message}`} class="notice warn">
          {message}
        </p>
      ))}
    </>
  )
}

function valueSummary({ type, categories, min, max }: Dataset['columns'][number]): string {
  switch (type) {
    case 'category':
    case 'boolean':
      return categories?.join(', ') ?? ''
    case 'number':
      return `${short(min)} … ${short(max)}`
    case 'date':
      return min === undefined || max === undefined ? '' : `${day(min)} … ${day(max)}`
    case 'ignored':
      return ''
    default:
      return type satisfies never
  }
}
